namespace ModelRunner.Scheduling;

/// <summary>An unload that waits for processes to end.</summary>
internal sealed class PendingUnload(UnloadId id, int count, HashSet<RunnerId> runners)
{
    public UnloadId Id { get; } = id;

    /// <summary>How many runners stop because of it.</summary>
    public int Count { get; } = count;

    /// <summary>The processes that have not ended, those included that were stopping before.</summary>
    public HashSet<RunnerId> Runners { get; } = runners;
}
