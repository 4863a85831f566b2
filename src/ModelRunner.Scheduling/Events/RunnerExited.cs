namespace ModelRunner.Scheduling;

/// <summary>The process of a runner that had been ready ended, requested or not.</summary>
/// <param name="Runner">The start whose process ended.</param>
/// <param name="Failure">Why it ended; null if the stop was requested.</param>
public sealed record RunnerExited(RunnerId Runner, RunnerFailure? Failure) : SchedulerEvent;
