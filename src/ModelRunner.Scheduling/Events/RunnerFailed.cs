namespace ModelRunner.Scheduling;

/// <summary>A start ended without the runner becoming ready, and its process is gone.</summary>
/// <param name="Runner">The start that failed.</param>
/// <param name="Cause">One line for the user, with the exit code or signal and the recognised log line.</param>
public sealed record RunnerFailed(RunnerId Runner, string Cause) : SchedulerEvent;
