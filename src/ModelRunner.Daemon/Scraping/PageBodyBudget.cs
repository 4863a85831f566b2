namespace ModelRunner.Daemon.Scraping;

/// <summary>The memory budget of the bodies of all runners, including bodies that pages still use. Thread-safe.</summary>
/// <param name="limit">The limit in bytes.</param>
internal sealed class PageBodyBudget(long limit)
{
    private long _limit = limit;
    private long _used;

    /// <summary>The limit in bytes.</summary>
    public long Limit
    {
        get => Interlocked.Read(ref _limit);
        set => Interlocked.Exchange(ref _limit, value);
    }

    /// <summary>The bytes in use.</summary>
    public long Used => Interlocked.Read(ref _used);

    /// <summary>
    /// Called when the budget is used up. It releases bodies, or waits a moment if a page will release some soon. Returns false if no page
    /// will. Set once, before the first body.
    /// </summary>
    public Func<CancellationToken, ValueTask<bool>> TryFreeAsync { get; set; } = static _ => new ValueTask<bool>(false);

    /// <summary>Takes bytes, which <see cref="Return"/> gives back.</summary>
    /// <returns>False if they are not available now.</returns>
    public bool TryTake(long bytes)
    {
        // The bytes are added only if they fit. A request that is too large must not block smaller ones meanwhile.
        long before = Used;
        while (before + bytes <= Limit)
        {
            long seen = Interlocked.CompareExchange(ref _used, before + bytes, before);
            if (seen == before)
                return true;
            before = seen;
        }

        return false;
    }

    /// <summary>Takes bytes, which <see cref="Return"/> gives back. Waits until they are available.</summary>
    /// <returns>False if they cannot become available.</returns>
    public async ValueTask<bool> TryTakeAsync(long bytes, CancellationToken cancellationToken)
    {
        while (!TryTake(bytes))
        {
            if (bytes > Limit || !await TryFreeAsync(cancellationToken))
                return false;
        }

        return true;
    }

    public void Return(long bytes) => Interlocked.Add(ref _used, -bytes);
}
