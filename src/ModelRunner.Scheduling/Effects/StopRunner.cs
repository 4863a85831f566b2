namespace ModelRunner.Scheduling;

/// <summary>
/// Stop a process. <see cref="RunnerExited"/> (or <see cref="RunnerFailed"/> for one that was still loading) answers it once it is gone.
/// </summary>
public sealed record StopRunner(RunnerId Runner, StopReason Reason) : SchedulerEffect;
