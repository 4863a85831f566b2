namespace ModelRunner.Scheduling;

/// <summary>The caller of an unload disconnected. The unload continues. Unknown ones are ignored.</summary>
public sealed record UnloadAbandoned(UnloadId Unload) : SchedulerEvent;
