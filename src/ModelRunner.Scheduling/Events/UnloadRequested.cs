namespace ModelRunner.Scheduling;

/// <summary>An unload was requested. One <see cref="UnloadCompleted"/> follows when the processes have ended.</summary>
public sealed record UnloadRequested(UnloadId Unload, UnloadSelection Selection) : SchedulerEvent;
