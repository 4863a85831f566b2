namespace ModelRunner.Scheduling;

/// <summary>
/// Stop a process. <see cref="RunnerExited"/> follows when it has ended, or <see cref="RunnerFailed"/> if it was still loading.
/// </summary>
public sealed record StopRunner(RunnerId Runner, StopReason Reason) : SchedulerEffect;
