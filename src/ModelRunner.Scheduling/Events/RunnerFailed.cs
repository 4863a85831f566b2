namespace ModelRunner.Scheduling;

/// <summary>A start failed: the process ended before the runner became ready.</summary>
/// <param name="Runner">The start that failed.</param>
/// <param name="Failure">Why it failed; the message has the exit code or signal and the recognised log line.</param>
public sealed record RunnerFailed(RunnerId Runner, RunnerFailure Failure) : SchedulerEvent;
