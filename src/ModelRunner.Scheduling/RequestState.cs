namespace ModelRunner.Scheduling;

/// <summary>One request that has arrived and not ended.</summary>
internal sealed class RequestState(RequestId id, TimeSpan arrived)
{
    public RequestId Id { get; } = id;

    public TimeSpan Arrived { get; } = arrived;

    /// <summary>The managed runner that it waits for or runs on; null on an attached one.</summary>
    public ManagedRunnerState? Managed { get; init; }

    /// <summary>The attached runner that it runs on; null on a managed one.</summary>
    public AttachedRunnerState? Attached { get; init; }

    public bool IsAdmitted { get; set; }

    /// <summary>Whether it went on for longer than its runner could wait for it in order to yield.</summary>
    public bool HasOutlastedYield { get; set; }

    /// <summary>Whether it is the one that finds out whether an attached runner which failed is back.</summary>
    public bool IsTrial { get; set; }
}
