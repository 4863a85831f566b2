namespace ModelRunner.Scheduling;

/// <summary>Nobody waits for an unload's answer any more. What it asked for is done all the same; unknown ones are ignored.</summary>
public sealed record UnloadAbandoned(UnloadId Unload) : SchedulerEvent;
