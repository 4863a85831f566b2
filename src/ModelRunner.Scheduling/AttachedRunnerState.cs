namespace ModelRunner.Scheduling;

/// <summary>An attached runner and what runs on it. It counts as ready; one that failed is avoided for a while.</summary>
internal sealed class AttachedRunnerState(AttachedRunner runner)
{
    public RunnerId Id { get; } = runner.Id;

    public RunnerKey Key { get; } = runner.Key;

    public int InFlight { get; set; }

    public TimeSpan? LastUsed { get; set; }

    /// <summary>Requests in a row that it failed; 0 where it answered the last one.</summary>
    public int Failures { get; set; }

    /// <summary>Requests in a row that it answered with <see cref="RequestResult.ServerError"/>.</summary>
    public int ServerErrors { get; set; }

    /// <summary>When it last answered a request; null: never.</summary>
    public TimeSpan? AnsweredAt { get; set; }

    /// <summary>When it last failed.</summary>
    public TimeSpan FailedAt { get; set; }

    /// <summary>Until when requests go to another runner of the key, where there is one.</summary>
    public TimeSpan AvoidUntil { get; set; }

    /// <summary>Whether a request is under way that finds out whether it is back. Others go elsewhere meanwhile.</summary>
    public bool IsOnTrial { get; set; }

    /// <summary>Whether requests are better sent to another runner of the key.</summary>
    public bool IsAvoided(TimeSpan now) => Failures > 0 && (IsOnTrial || now < AvoidUntil);

    /// <summary>Whether it has requests and never answered one. It may take connections and hang.</summary>
    public bool IsUnproven => InFlight > 0 && AnsweredAt is null;

    public RunnerStatus ToStatus() =>
        new(Id, Key, RunnerState.Ready, IsAttached: true, InFlight, Queued: 0, LastUsed, Timeout.InfiniteTimeSpan, Failure: null);
}
