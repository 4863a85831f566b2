namespace ModelRunner.Scheduling;

/// <summary>The needs of a runner that is started for a request.</summary>
/// <param name="MemoryBytes">The estimate of its resident memory in bytes; 0 if unknown.</param>
/// <param name="KeepAlive">
/// How long it stays loaded when idle; null: the default; negative: until an unload; zero: it stops after the response.
/// </param>
public readonly record struct RunnerDemand(long MemoryBytes, TimeSpan? KeepAlive)
{
    /// <summary>One pebibyte. A larger estimate can never be satisfied either, and sums of this one cannot overflow.</summary>
    private const long MaxEstimate = 1L << 50;

    /// <summary>
    /// The memory in bytes that is certain, if the estimate is larger only because of one measurement. Then the estimate alone is no reason to refuse:
    /// the runner gets the whole budget if that is enough for what is certain. Null: all of the estimate is certain.
    /// </summary>
    public long? LeastBytes { get; init; }

    /// <summary>The number of earlier loads that were measured for the estimate. For information.</summary>
    public int MeasuredLoads { get; init; }

    /// <summary>What it needs on graphics cards, beside <see cref="MemoryBytes"/>; null: nothing, or it is not known.</summary>
    public CardDemand? Cards { get; init; }

    /// <summary>The memory in bytes to reserve within a budget, at most <see cref="MaxEstimate"/>.</summary>
    internal long Reservation(long? budget) => Math.Clamp(Within(budget), 0, MaxEstimate);

    private long Within(long? budget) =>
        LeastBytes is { } least && budget is { } limit && MemoryBytes > limit ? Math.Max(least, limit) : MemoryBytes;

    /// <summary>The keep-alive time that the request itself asks for, which replaces <see cref="KeepAlive"/>; null: none.</summary>
    public TimeSpan? RequestKeepAlive { get; init; }

    /// <summary>The class of the request.</summary>
    public RequestPriority Priority { get; init; }

    /// <summary>The most requests of its model that run at the same time; null: no limit.</summary>
    public int? Concurrency { get; init; }

    /// <summary>The limits of the requests that wait for its model.</summary>
    public QueueLimits Queue { get; init; }
}
