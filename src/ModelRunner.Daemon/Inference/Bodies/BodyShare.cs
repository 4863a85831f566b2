namespace ModelRunner.Daemon.Inference.Bodies;

/// <summary>
/// What one body holds of the budget, and how fast it arrives. Where others wait for memory, a body has to bring
/// <see cref="WindowBytes"/> within every <see cref="Window"/>; without that, a few clients that send a byte now and then would hold all
/// memory for ever. Its methods are called by the one who reads the body; the budget looks at it from other threads.
/// </summary>
internal sealed class BodyShare(BodyBudget budget) : IDisposable
{
    /// <summary>What a body has to bring within a window where others wait.</summary>
    public const int WindowBytes = 64 * 1024;

    /// <summary>How long it may take for that.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _cut = new();
    private long _windowStarted = budget.Time.GetTimestamp();
    private int _windowBytes;
    private volatile bool _isReading;

    /// <summary>What it holds; belongs to the budget's lock.</summary>
    public long Bytes { get; set; }

    /// <summary>Cancelled when it arrived too slowly while others waited.</summary>
    public CancellationToken WasCut => _cut.Token;

    /// <summary>Whether the client is late with what it has to bring. While the body waits for memory it is not the client that is slow.</summary>
    public bool IsSlow => _isReading && budget.Time.GetElapsedTime(Volatile.Read(ref _windowStarted)) > Window;

    /// <summary>Takes so many bytes more from the budget.</summary>
    /// <returns>False where there were none in time.</returns>
    public Task<bool> TakeAsync(long bytes, CancellationToken cancellationToken) => budget.TakeAsync(this, bytes, cancellationToken);

    /// <summary>The client is waited for from now on.</summary>
    public void BeginRead() => _isReading = true;

    /// <summary>The client brought so many bytes.</summary>
    public void EndRead(int bytes)
    {
        _isReading = false;
        _windowBytes += bytes;
        if (_windowBytes >= WindowBytes)
            RestartProgress();
    }

    /// <summary>Counts what the client brings from now on.</summary>
    public void RestartProgress()
    {
        _windowBytes = 0;
        Volatile.Write(ref _windowStarted, budget.Time.GetTimestamp());
    }

    /// <summary>The body has arrived whole.</summary>
    public void MarkArrived() => budget.MarkArrived(this);

    /// <summary>Ends the reading of the body.</summary>
    public void Cut()
    {
        try
        {
            _cut.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended meanwhile.
        }
    }

    /// <summary>Gives back all that it holds; it takes nothing any more.</summary>
    public void Release() => budget.Release(this);

    public void Dispose()
    {
        Release();
        _cut.Dispose();
    }
}
