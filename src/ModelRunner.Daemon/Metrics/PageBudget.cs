namespace ModelRunner.Daemon.Metrics;

/// <summary>
/// The memory budget of all pages while they are created and sent, and the readers that use it. If the budget is used up, the reader whose
/// write has been blocked for longest is cut first. Thread-safe.
/// </summary>
/// <param name="limit">The limit in bytes.</param>
/// <param name="time">The clock.</param>
internal sealed class PageBudget(long limit, TimeProvider time)
{
    /// <summary>A reader whose write has been blocked for at least this time may be cut to free memory.</summary>
    public static readonly TimeSpan MinIdle = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);
    private readonly Lock _lock = new();
    private readonly HashSet<PageReader> _readers = [];
    private long _used;

    /// <summary>The bytes in use.</summary>
    public long Used => Interlocked.Read(ref _used);

    public void Add(PageReader reader)
    {
        lock (_lock)
            _readers.Add(reader);
    }

    public void Remove(PageReader reader)
    {
        lock (_lock)
            _readers.Remove(reader);
    }

    /// <summary>Adds bytes to the bytes in use; a negative number gives bytes back.</summary>
    public void Change(long bytes) => Interlocked.Add(ref _used, bytes);

    /// <summary>
    /// Waits until this number of bytes is available, and takes them. If nothing is in use, any number is available, so that a page larger than
    /// the budget can still be created.
    /// </summary>
    /// <returns>False if they did not become available in time.</returns>
    public async ValueTask<bool> TryTakeAsync(long bytes, TimeSpan left, CancellationToken cancellationToken)
    {
        long startedAt = time.GetTimestamp();
        while (!TryTake(bytes))
        {
            if (TryCutSlowest(static _ => true))
                continue;
            TimeSpan rest = left - time.GetElapsedTime(startedAt);
            if (rest <= TimeSpan.Zero)
                return false;
            await Task.Delay(rest < PollInterval ? rest : PollInterval, time, cancellationToken);
        }

        return true;
    }

    /// <summary>Cuts the reader whose write has been blocked for longest. If none has been blocked for long enough, waits a moment.</summary>
    /// <param name="isWanted">Selects the pages whose readers may be cut.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False if such a page has no reader.</returns>
    public async ValueTask<bool> TryFreeAsync(Func<MetricsPage, bool> isWanted, CancellationToken cancellationToken)
    {
        if (TryCutSlowest(isWanted))
            return true;
        lock (_lock)
        {
            if (!_readers.Any(reader => isWanted(reader.Page)))
                return false;
        }

        await Task.Delay(PollInterval, time, cancellationToken);
        return true;
    }

    /// <summary>Cuts the reader whose write has been blocked for longest.</summary>
    /// <param name="isWanted">Selects the pages whose readers may be cut.</param>
    /// <returns>False if no reader has been blocked for long enough.</returns>
    public bool TryCutSlowest(Func<MetricsPage, bool> isWanted)
    {
        while (true)
        {
            PageReader? slowest = null;
            TimeSpan longest = MinIdle;
            lock (_lock)
            {
                foreach (PageReader reader in _readers)
                {
                    if (reader.Idle is not { } idle || idle < longest || !isWanted(reader.Page))
                        continue;
                    (slowest, longest) = (reader, idle);
                }
            }

            // If it has made progress meanwhile, the search continues with the next one.
            if (slowest is null || slowest.TryCut())
                return slowest is not null;
        }
    }

    private bool TryTake(long bytes)
    {
        long before = Used;
        while (before == 0 || before + bytes <= limit)
        {
            long seen = Interlocked.CompareExchange(ref _used, before + bytes, before);
            if (seen == before)
                return true;
            before = seen;
        }

        return false;
    }
}
