namespace ModelRunner.Daemon.Runners;

/// <summary>What a request that waits for a runner can tell its client. Thread-safe.</summary>
internal sealed class QueueNotice
{
    private volatile Arrival? _arrival;

    /// <summary>
    /// Its place among all requests that waited for a runner when it arrived; 1: none waited before it. Null: it did not have to wait, or that is
    /// not known yet.
    /// </summary>
    public int? Position => _arrival?.Position;

    /// <summary>How long the load of its model will take, or the rest of it, by the loads before; null: unknown, or nothing is loaded.</summary>
    public TimeSpan? ExpectedLoad => _arrival?.ExpectedLoad;

    /// <summary>The request waits.</summary>
    public void Set(int position, TimeSpan? expectedLoad) => _arrival = new Arrival(position, expectedLoad);

    private sealed record Arrival(int Position, TimeSpan? ExpectedLoad);
}
