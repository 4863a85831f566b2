namespace ModelRunner.Scheduling;

/// <summary>A runner did not answer a health check, which <see cref="CheckRunner"/> asked for.</summary>
/// <param name="Runner">The start that was asked.</param>
/// <param name="Cause">One line for the user.</param>
public sealed record RunnerStuck(RunnerId Runner, string Cause) : SchedulerEvent;
