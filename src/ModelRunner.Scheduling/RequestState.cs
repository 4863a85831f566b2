namespace ModelRunner.Scheduling;

/// <summary>A request that waits or is running.</summary>
internal sealed class RequestState(RequestId id, TimeSpan arrived)
{
    public RequestId Id { get; } = id;

    public TimeSpan Arrived { get; } = arrived;

    /// <summary>The managed runner that it waits for or runs on; null on an attached one.</summary>
    public ManagedRunnerState? Managed { get; init; }

    /// <summary>The attached runner that it runs on; null on a managed one.</summary>
    public AttachedRunnerState? Attached { get; init; }

    public bool IsAdmitted { get; set; }

    /// <summary>Whether it was still running when a yield of its runner ended.</summary>
    public bool HasOutlastedYield { get; set; }

    /// <summary>Whether it is the trial request of an attached runner that had failed.</summary>
    public bool IsTrial { get; set; }
}
