namespace ModelRunner.Scheduling;

/// <summary>
/// Stop a process. <see cref="RunnerExited"/> follows when it has ended, or <see cref="RunnerFailed"/> if it was still loading.
/// </summary>
public sealed record StopRunner(RunnerId Runner, StopReason Reason) : SchedulerEffect
{
    /// <summary>The failure because of which it is stopped; null if it is stopped for another reason.</summary>
    public RunnerFailure? Failure { get; init; }

    /// <summary>The model that it makes room for; null if it is stopped for another reason.</summary>
    public RunnerKey? For { get; init; }

    /// <summary>The name of the key that requested the unload; null: none, or it is stopped for another reason.</summary>
    public string? By { get; init; }

    /// <summary>Why it is outdated; valid only with <see cref="StopReason.Outdated"/>.</summary>
    public OutdatedReason Outdated { get; init; }
}
