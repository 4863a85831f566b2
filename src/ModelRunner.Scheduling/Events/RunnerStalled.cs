namespace ModelRunner.Scheduling;

/// <summary>A runner has had requests for a long time, and none of them makes progress.</summary>
/// <param name="Runner">The start that does not move.</param>
/// <param name="Cause">One line for the user.</param>
/// <param name="Restarts">Whether it is stopped because of that, so that the next request starts it again; false: this is only a report.</param>
public sealed record RunnerStalled(RunnerId Runner, string Cause, bool Restarts) : SchedulerEvent;
