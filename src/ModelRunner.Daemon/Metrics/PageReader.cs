using System.Buffers;
using System.IO.Pipelines;

namespace ModelRunner.Daemon.Metrics;

/// <summary>One client that reads a page, which other clients may share. Not thread-safe except for <see cref="TryCut"/>.</summary>
internal sealed class PageReader(MetricsPage page, TimeProvider time) : IDisposable
{
    private const int IsActive = 0;
    private const int IsBlocked = 1;
    private const int HasLeft = 2;
    private SendTimeout? _timeout;
    private long _blockedSince;
    private int _bufferedBytes;
    private int _state;

    /// <summary>The page.</summary>
    public MetricsPage Page => page;

    /// <summary>The number of the next part. Guarded by the lock of the page.</summary>
    public int Next { get; set; }

    /// <summary>Whether it still uses the part that it got last. Guarded by the lock of the page.</summary>
    public bool IsHolding { get; set; }

    /// <summary>How long a write to the client has been blocked; null if none is.</summary>
    public TimeSpan? Idle => Volatile.Read(ref _state) == IsBlocked ? time.GetElapsedTime(Volatile.Read(ref _blockedSince)) : null;

    /// <summary>The next part; null at the end of the page. Borrowed: valid until the next call.</summary>
    public ValueTask<PagePart?> NextAsync(CancellationToken cancellationToken) => page.NextAsync(this, cancellationToken);

    /// <summary>Writes the next part directly to the connection, if the page has no other reader.</summary>
    /// <returns>False if the caller must use <see cref="NextAsync"/>.</returns>
    public ValueTask<bool> TryWriteNextAsync(IBufferWriter<byte> output, CancellationToken cancellationToken) =>
        page.TryWriteNextAsync(this, output, cancellationToken);

    /// <summary>Waits until the client has accepted what was written.</summary>
    /// <param name="flush">The pending flush.</param>
    /// <param name="bytes">The number of bytes that are buffered for the client meanwhile.</param>
    /// <param name="timeout">The timeouts of the client. Cancelled if the reader is cut.</param>
    /// <exception cref="OperationCanceledException">The reader was cut, or the wait was cancelled.</exception>
    public async ValueTask WaitAsync(ValueTask<FlushResult> flush, int bytes, SendTimeout timeout)
    {
        if (flush.IsCompletedSuccessfully)
        {
            await flush;
            return;
        }

        // Before the reader counts as blocked, so that its progress is noticed from then on.
        timeout.BeginWait();
        (_timeout, _bufferedBytes) = (timeout, bytes);
        page.Budget.Change(bytes);
        Volatile.Write(ref _blockedSince, time.GetTimestamp());
        Volatile.Write(ref _state, IsBlocked);
        bool isCut;
        try
        {
            await flush;
        }
        finally
        {
            timeout.EndWait();
            isCut = Interlocked.CompareExchange(ref _state, IsActive, IsBlocked) != IsBlocked;
            if (!isCut)
                page.Budget.Change(-bytes);
        }

        if (isCut)
            throw new OperationCanceledException("The reader was cut.");
    }

    /// <summary>Removes the reader from the page and cancels the sending, if a write to its client is blocked. Thread-safe.</summary>
    public bool TryCut()
    {
        if (Interlocked.CompareExchange(ref _state, HasLeft, IsBlocked) != IsBlocked)
            return false;
        page.Budget.Change(-_bufferedBytes);
        page.Leave(this);
        try
        {
            _timeout!.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The sending has just ended by itself.
        }

        return true;
    }

    public void Dispose()
    {
        if (Interlocked.CompareExchange(ref _state, HasLeft, IsActive) == IsActive)
            page.Leave(this);
    }
}
