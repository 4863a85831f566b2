namespace ModelRunner.Scheduling;

/// <summary>The process of a runner that had been ready is gone, whether it was asked to stop or not.</summary>
/// <param name="Runner">The start whose process ended.</param>
/// <param name="Cause">One line for the user; null where the end was asked for.</param>
public sealed record RunnerExited(RunnerId Runner, string? Cause) : SchedulerEvent;
