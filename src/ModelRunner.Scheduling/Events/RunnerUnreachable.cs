namespace ModelRunner.Scheduling;

/// <summary>
/// A request could not connect to a ready runner, and the runner's process did not end. Its socket is gone, so no request can reach it again.
/// </summary>
/// <param name="Runner">The start that the request was sent to.</param>
/// <param name="Cause">One line for the user.</param>
public sealed record RunnerUnreachable(RunnerId Runner, string Cause) : SchedulerEvent;
