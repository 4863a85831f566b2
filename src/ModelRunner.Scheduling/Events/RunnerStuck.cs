namespace ModelRunner.Scheduling;

/// <summary>A runner gave no sign of life after a <see cref="CheckRunner"/>.</summary>
/// <param name="Runner">The start that was asked.</param>
/// <param name="Cause">One line for the user.</param>
public sealed record RunnerStuck(RunnerId Runner, string Cause) : SchedulerEvent;
