namespace ModelRunner.Scheduling;

/// <summary>Follows <see cref="ShutdownRequested"/> when no request is running and no process is left.</summary>
public sealed record ShutdownCompleted : SchedulerEffect;
