namespace ModelRunner.Scheduling;

/// <summary>The time <see cref="Scheduler.NextDeadline"/> was reached.</summary>
public sealed record TimePassed : SchedulerEvent;
