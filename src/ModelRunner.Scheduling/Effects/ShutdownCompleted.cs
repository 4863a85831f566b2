namespace ModelRunner.Scheduling;

/// <summary>After <see cref="ShutdownAsked"/>: no request runs and no process is left.</summary>
public sealed record ShutdownCompleted : SchedulerEffect;
