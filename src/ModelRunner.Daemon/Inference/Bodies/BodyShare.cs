namespace ModelRunner.Daemon.Inference.Bodies;

/// <summary>
/// The memory that one body holds of the budget, and how fast the body arrives. While other bodies wait for memory, a body must deliver <see
/// cref="WindowBytes"/> within every <see cref="Window"/>; otherwise a few clients that send a byte now and then could hold all memory for
/// ever. The thread that reads the body calls its methods; the budget reads it from other threads.
/// </summary>
internal sealed class BodyShare(RequestBodyBudget budget) : IDisposable
{
    /// <summary>The bytes that a body must deliver within a window while others wait.</summary>
    public const int WindowBytes = 64 * 1024;

    /// <summary>The length of a window.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _cut = new();
    private long _windowStarted = budget.Time.GetTimestamp();
    private int _windowBytes;
    private volatile bool _isReading;

    /// <summary>Bytes that it holds; guarded by the budget's lock.</summary>
    public long Bytes { get; set; }

    /// <summary>Cancelled when the body arrived too slowly while others waited.</summary>
    public CancellationToken WasCut => _cut.Token;

    /// <summary>Whether the client has delivered too little in its window. While the body waits for memory, its client is not late.</summary>
    public bool IsSlow => _isReading && budget.Time.GetElapsedTime(Volatile.Read(ref _windowStarted)) > Window;

    /// <summary>Takes the given number of bytes more from the budget.</summary>
    /// <returns>False if they did not become free in time.</returns>
    public Task<bool> TakeAsync(long bytes, CancellationToken cancellationToken) => budget.TakeAsync(this, bytes, cancellationToken);

    /// <summary>The reader waits for the client from now on.</summary>
    public void BeginRead() => _isReading = true;

    /// <summary>The client delivered the given number of bytes.</summary>
    public void EndRead(int bytes)
    {
        _isReading = false;
        _windowBytes += bytes;
        if (_windowBytes >= WindowBytes)
            RestartProgress();
    }

    /// <summary>Starts a new window.</summary>
    public void RestartProgress()
    {
        _windowBytes = 0;
        Volatile.Write(ref _windowStarted, budget.Time.GetTimestamp());
    }

    /// <summary>The body has arrived whole.</summary>
    public void MarkArrived() => budget.MarkArrived(this);

    /// <summary>Cancels the reading of the body.</summary>
    public void Cut()
    {
        try
        {
            _cut.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The body ended meanwhile.
        }
    }

    /// <summary>Returns all its memory; it takes no more.</summary>
    public void Release() => budget.Release(this);

    public void Dispose()
    {
        Release();
        _cut.Dispose();
    }
}
