namespace ModelRunner.Scheduling;

/// <summary>Something that happened and that the scheduler has to decide on.</summary>
public abstract record SchedulerEvent;
