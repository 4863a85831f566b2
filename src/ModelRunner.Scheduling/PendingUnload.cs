namespace ModelRunner.Scheduling;

/// <summary>An unload that waits until its processes have ended.</summary>
internal sealed class PendingUnload(UnloadId id, int count, HashSet<RunnerId> runners)
{
    public UnloadId Id { get; } = id;

    /// <summary>The number of runners that are stopped because of it.</summary>
    public int Count { get; } = count;

    /// <summary>The processes that have not ended yet, including those that were already stopping.</summary>
    public HashSet<RunnerId> Runners { get; } = runners;
}
