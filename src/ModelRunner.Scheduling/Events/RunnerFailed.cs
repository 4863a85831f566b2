namespace ModelRunner.Scheduling;

/// <summary>A start failed: the process ended before the runner became ready.</summary>
/// <param name="Runner">The start that failed.</param>
/// <param name="Cause">One line for the user, with the exit code or signal and the recognised log line.</param>
public sealed record RunnerFailed(RunnerId Runner, string Cause) : SchedulerEvent;
