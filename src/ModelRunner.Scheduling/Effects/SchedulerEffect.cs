namespace ModelRunner.Scheduling;

/// <summary>Something that the shell has to do because of a decision.</summary>
public abstract record SchedulerEffect;
