namespace ModelRunner.Scheduling;

/// <summary>An action that the caller must carry out.</summary>
public abstract record SchedulerEffect;
