namespace ModelRunner.Scheduling;

/// <summary>The process of a runner has ended, or a start failed. Exactly one follows each <see cref="StartRunner"/>.</summary>
/// <param name="Runner">The start that ended.</param>
/// <param name="Key">What it served.</param>
/// <param name="Reason">The reason of the stop if it was stopped, else of its failure.</param>
public sealed record RunnerEnded(RunnerId Runner, RunnerKey Key, StopReason Reason) : SchedulerEffect
{
    /// <summary>What ended it; null if and only if <see cref="Reason"/> is one that was asked for.</summary>
    public CrashClass? Crash { get; init; } = CrashClasses.Of(Reason);
}
