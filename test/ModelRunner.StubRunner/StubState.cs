using System.Collections.Concurrent;

namespace ModelRunner.StubRunner;

/// <summary>What the stub counts and remembers. Safe to use from any thread.</summary>
internal sealed class StubState
{
    private const int MaxRequests = 10_000;

    private int _connections;
    private int _disconnects;
    private int _inFlight;

    public bool IsReady { get; set; }

    /// <summary>Whether it reads and answers nothing more.</summary>
    public bool IsHung { get; set; }

    /// <summary>Cancelled once the process was asked to end; generation stops then, as llama-server's does.</summary>
    public CancellationTokenSource Stopping { get; } = new();

    public StubCounters Counters { get; } = new();

    /// <summary>The page that replaces the stub's own; null: its own.</summary>
    public byte[]? MetricsPage { get; set; }

    /// <summary>Completed when held requests may go on; replaced when they are held anew.</summary>
    public TaskCompletionSource Release { get; set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ConcurrentQueue<StubRequest> Requests { get; } = new();

    /// <summary>Requests of inference that have not been answered to their end.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Connections accepted so far.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Requests whose client went away before the answer's end.</summary>
    public int Disconnects => Volatile.Read(ref _disconnects);

    public void Record(StubRequest request)
    {
        Requests.Enqueue(request);
        if (Requests.Count > MaxRequests)
            Requests.TryDequeue(out _);
    }

    public void CountConnection() => Interlocked.Increment(ref _connections);

    public void CountDisconnect() => Interlocked.Increment(ref _disconnects);

    public void Enter() => Interlocked.Increment(ref _inFlight);

    public void Leave() => Interlocked.Decrement(ref _inFlight);
}
