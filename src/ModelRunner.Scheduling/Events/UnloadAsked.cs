namespace ModelRunner.Scheduling;

/// <summary>Somebody asks for runners to be unloaded. One <see cref="UnloadCompleted"/> follows when their processes are gone.</summary>
public sealed record UnloadAsked(UnloadId Unload, UnloadSelection Selection) : SchedulerEvent;
