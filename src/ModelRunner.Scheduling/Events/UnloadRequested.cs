namespace ModelRunner.Scheduling;

/// <summary>An unload was requested. One <see cref="UnloadCompleted"/> follows when the processes have ended.</summary>
public sealed record UnloadRequested(UnloadId Unload, UnloadSelection Selection) : SchedulerEvent
{
    /// <summary>The name of the key that requested it; null: it was requested without a key.</summary>
    public string? By { get; init; }
}
