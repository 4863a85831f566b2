namespace ModelRunner.Scheduling;

/// <summary>A runner did not respond to the health check of a <see cref="CheckRunner"/>.</summary>
/// <param name="Runner">The start that was checked.</param>
/// <param name="Cause">One line for the user.</param>
public sealed record RunnerStuck(RunnerId Runner, string Cause) : SchedulerEvent;
