namespace ModelRunner.Daemon.Metrics;

/// <summary>
/// The bytes that pages may take while they are made and read, and the readers that take them. Where the budget is used up, the reader that
/// has not moved for longest is cut first. Thread-safe.
/// </summary>
/// <param name="limit">The most bytes.</param>
/// <param name="time">The clock.</param>
internal sealed class PageBudget(long limit, TimeProvider time)
{
    /// <summary>A reader that has not moved for so long may be cut to make room.</summary>
    public static readonly TimeSpan LeastPatience = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(50);
    private readonly Lock _gate = new();
    private readonly HashSet<PageReader> _readers = [];
    private long _held;

    /// <summary>The bytes that are taken now.</summary>
    public long Held => Interlocked.Read(ref _held);

    public void Add(PageReader reader)
    {
        lock (_gate)
            _readers.Add(reader);
    }

    public void Remove(PageReader reader)
    {
        lock (_gate)
            _readers.Remove(reader);
    }

    /// <summary>Notes bytes that were taken, or with a minus given back.</summary>
    public void Change(long bytes) => Interlocked.Add(ref _held, bytes);

    /// <summary>
    /// Waits until a page may take so many bytes, no longer than told, and takes them. A page that is alone may take any number, so that one
    /// larger than the budget can still be read.
    /// </summary>
    /// <returns>False where there was no room in time.</returns>
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
            await Task.Delay(rest < LookAgain ? rest : LookAgain, time, cancellationToken);
        }

        return true;
    }

    /// <summary>Cuts the reader that has waited for its client for longest. Where none has waited for long enough yet, waits a moment.</summary>
    /// <param name="isWanted">Which pages are worth it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False where nobody reads such a page.</returns>
    public async ValueTask<bool> MakeRoomAsync(Func<MetricsPage, bool> isWanted, CancellationToken cancellationToken)
    {
        if (TryCutSlowest(isWanted))
            return true;
        lock (_gate)
        {
            if (!_readers.Any(reader => isWanted(reader.Page)))
                return false;
        }

        await Task.Delay(LookAgain, time, cancellationToken);
        return true;
    }

    /// <summary>Cuts the reader that has waited for its client for longest.</summary>
    /// <param name="isWanted">Which pages are worth it.</param>
    /// <returns>False where no reader waits for long enough.</returns>
    public bool TryCutSlowest(Func<MetricsPage, bool> isWanted)
    {
        while (true)
        {
            PageReader? slowest = null;
            TimeSpan longest = LeastPatience;
            lock (_gate)
            {
                foreach (PageReader reader in _readers)
                {
                    if (reader.Idle is not { } idle || idle < longest || !isWanted(reader.Page))
                        continue;
                    (slowest, longest) = (reader, idle);
                }
            }

            // It may have moved meanwhile; then another is the slowest.
            if (slowest is null || slowest.TryCut())
                return slowest is not null;
        }
    }

    private bool TryTake(long bytes)
    {
        long before = Held;
        while (before == 0 || before + bytes <= limit)
        {
            long found = Interlocked.CompareExchange(ref _held, before + bytes, before);
            if (found == before)
                return true;
            before = found;
        }

        return false;
    }
}
