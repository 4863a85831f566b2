using System.Buffers;
using System.IO.Pipelines;

namespace ModelRunner.Daemon.Metrics;

/// <summary>One scraper on its way through a page, which others may read, too. Not thread-safe but for <see cref="TryCut"/>.</summary>
internal sealed class PageReader(MetricsPage page, TimeProvider time) : IDisposable
{
    private const int IsMoving = 0;
    private const int IsWaiting = 1;
    private const int HasLeft = 2;
    private SendingLimit? _limit;
    private long _waitingSince;
    private int _waitingBytes;
    private int _state;

    /// <summary>The page.</summary>
    public MetricsPage Page => page;

    /// <summary>The number of the part that it takes next. Only under the lock of the page.</summary>
    public int Next { get; set; }

    /// <summary>Whether it still uses the part that it took last. Only under the lock of the page.</summary>
    public bool IsHolding { get; set; }

    /// <summary>How long it has waited for its client to take what was sent; null where it does not.</summary>
    public TimeSpan? Idle => Volatile.Read(ref _state) == IsWaiting ? time.GetElapsedTime(Volatile.Read(ref _waitingSince)) : null;

    /// <summary>The next part; null at the end of the page. Borrowed: only until the next call.</summary>
    public ValueTask<PagePart?> NextAsync(CancellationToken cancellationToken) => page.NextAsync(this, cancellationToken);

    /// <summary>Writes the next part straight to where it is sent from, where nobody else reads the page.</summary>
    /// <returns>False where the next part is to be taken by <see cref="NextAsync"/>.</returns>
    public ValueTask<bool> TryWriteNextAsync(IBufferWriter<byte> output, CancellationToken cancellationToken) =>
        page.TryWriteNextAsync(this, output, cancellationToken);

    /// <summary>Waits until the client has taken what was written.</summary>
    /// <param name="flush">Does that.</param>
    /// <param name="bytes">What lies ready for the client meanwhile.</param>
    /// <param name="limit">How long the client is waited for. Is cancelled where the reader is cut.</param>
    /// <exception cref="OperationCanceledException">It was cut, or the wait was cancelled.</exception>
    public async ValueTask WaitAsync(ValueTask<FlushResult> flush, int bytes, SendingLimit limit)
    {
        if (flush.IsCompletedSuccessfully)
        {
            await flush;
            return;
        }

        (_limit, _waitingBytes) = (limit, bytes);
        page.Budget.Change(bytes);
        Volatile.Write(ref _waitingSince, time.GetTimestamp());
        Volatile.Write(ref _state, IsWaiting);
        bool isCut;
        try
        {
            limit.BeginWait();
            await flush;
        }
        finally
        {
            limit.EndWait();
            isCut = Interlocked.CompareExchange(ref _state, IsMoving, IsWaiting) != IsWaiting;
            if (!isCut)
                page.Budget.Change(-bytes);
        }

        if (isCut)
            throw new OperationCanceledException("The reader was cut.");
    }

    /// <summary>Takes the page from it, where it waits for its client, and ends the sending. Thread-safe.</summary>
    public bool TryCut()
    {
        if (Interlocked.CompareExchange(ref _state, HasLeft, IsWaiting) != IsWaiting)
            return false;
        page.Budget.Change(-_waitingBytes);
        page.Leave(this);
        try
        {
            _limit!.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has just seen for itself that it was cut.
        }

        return true;
    }

    public void Dispose()
    {
        if (Interlocked.CompareExchange(ref _state, HasLeft, IsMoving) == IsMoving)
            page.Leave(this);
    }
}
