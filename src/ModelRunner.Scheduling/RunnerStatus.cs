namespace ModelRunner.Scheduling;

/// <summary>The status of one runner. Immutable.</summary>
/// <param name="Id">The current start, or the last one; 0 if there was none.</param>
/// <param name="Key">What it serves.</param>
/// <param name="State">Its state.</param>
/// <param name="IsAttached">Whether the daemon neither starts nor stops it.</param>
/// <param name="InFlight">The number of running requests.</param>
/// <param name="Queued">The number of waiting requests.</param>
/// <param name="LastUsed">
/// When its last request ended, or when it became ready if it had none; null while loading. Counted from the origin of the scheduler's clock.
/// </param>
/// <param name="KeepAlive">How long it stays loaded when idle; negative: until an unload.</param>
/// <param name="Failure">The cause of its last failed start or crash; null if there was none.</param>
public sealed record RunnerStatus(
    RunnerId Id, RunnerKey Key, RunnerState State, bool IsAttached, int InFlight, int Queued, TimeSpan? LastUsed, TimeSpan KeepAlive, RunnerFailure? Failure)
{
    /// <summary>The estimate of its memory in bytes; 0 if unknown.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>What is reserved for it on graphics cards; empty while it has no process.</summary>
    public IReadOnlyList<CardShare> Cards { get; init; } = [];

    /// <summary>What it has in main memory because the graphics cards had too little; included in <see cref="MemoryBytes"/>.</summary>
    public long SpilledBytes { get; init; }

    /// <summary>The most requests that run on it at the same time; null: no limit.</summary>
    public int? Concurrency { get; init; }

    /// <summary>Whether it is loaded without a request.</summary>
    public bool IsResident { get; init; }

    /// <summary>Why it would be started in another way now, so that it is stopped as soon as it is idle; null: it would not.</summary>
    public OutdatedReason? Outdated { get; init; }
}
