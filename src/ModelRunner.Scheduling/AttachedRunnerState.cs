namespace ModelRunner.Scheduling;

/// <summary>An attached runner and what runs on it. It is always ready.</summary>
internal sealed class AttachedRunnerState(AttachedRunner runner)
{
    public RunnerId Id { get; } = runner.Id;

    public RunnerKey Key { get; } = runner.Key;

    public int InFlight { get; set; }

    public TimeSpan? LastUsed { get; set; }

    public RunnerStatus ToStatus() =>
        new(Id, Key, RunnerState.Ready, IsAttached: true, InFlight, Queued: 0, LastUsed, Timeout.InfiniteTimeSpan, Failure: null);
}
