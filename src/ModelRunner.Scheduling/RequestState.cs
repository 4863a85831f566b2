namespace ModelRunner.Scheduling;

/// <summary>A request that waits or is running.</summary>
internal sealed class RequestState(RequestId id, TimeSpan arrived, RequestPriority priority = RequestPriority.Interactive)
{
    public RequestId Id { get; } = id;

    public TimeSpan Arrived { get; } = arrived;

    public RequestPriority Priority { get; } = priority;

    /// <summary>
    /// Its place in the order of all waiting requests, fixed at its arrival: a background request counts as one that arrived later. So it is
    /// overtaken for a limited time only.
    /// </summary>
    public TimeSpan Rank { get; init; } = arrived;

    /// <summary>The managed runner that it waits for or runs on; null on an attached one.</summary>
    public ManagedRunnerState? Managed { get; init; }

    /// <summary>The attached runner that it runs on; null on a managed one.</summary>
    public AttachedRunnerState? Attached { get; init; }

    public bool IsAdmitted { get; set; }

    /// <summary>Whether it comes before the other one if both wait.</summary>
    public bool Precedes(RequestState other) => Rank != other.Rank ? Rank < other.Rank : Id.Value < other.Id.Value;

    /// <summary>Whether it was still running when a yield of its runner ended.</summary>
    public bool HasOutlastedYield { get; set; }

    /// <summary>Whether it is the trial request of an attached runner that had failed.</summary>
    public bool IsTrial { get; set; }
}
