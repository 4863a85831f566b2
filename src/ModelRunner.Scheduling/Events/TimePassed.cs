namespace ModelRunner.Scheduling;

/// <summary>The moment of <see cref="Scheduler.NextDeadline"/> came.</summary>
public sealed record TimePassed : SchedulerEvent;
