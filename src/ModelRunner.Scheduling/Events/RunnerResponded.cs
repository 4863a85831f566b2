namespace ModelRunner.Scheduling;

/// <summary>
/// A runner responded to a <see cref="CheckRunner"/>. The caller reports this after a short pause, so that checks do not follow each other at
/// once.
/// </summary>
public sealed record RunnerResponded(RunnerId Runner) : SchedulerEvent;
