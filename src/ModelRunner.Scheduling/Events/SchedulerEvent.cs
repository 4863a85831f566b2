namespace ModelRunner.Scheduling;

/// <summary>An event that the scheduler handles.</summary>
public abstract record SchedulerEvent;
