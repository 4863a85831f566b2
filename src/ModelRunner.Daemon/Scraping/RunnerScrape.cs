namespace ModelRunner.Daemon.Scraping;

/// <summary>
/// One scrape of one runner, shared by all requests that arrive while it runs or soon after. Reference counted: the body returns to the pool at
/// the last <see cref="Release"/>.
/// </summary>
/// <param name="startedAt">The start, as a timestamp of the time provider.</param>
/// <param name="timeout">Ends it. Valid until <see cref="IsEnded"/>.</param>
internal sealed class RunnerScrape(long startedAt, ScrapeTimeout timeout)
{
    private readonly List<ScrapeWait> _waits = new(1);
    private int _holders = 1;
    private int _isCounted;
    private int _isEscapingCounted;
    private volatile bool _isEnded;
    private BodyBuffer? _body;

    /// <summary>Whether it has ended. The other properties are valid only then.</summary>
    public bool IsEnded => _isEnded;

    /// <summary>The start, as a timestamp of the time provider.</summary>
    public long StartedAt => startedAt;

    /// <summary>What ends it if the runner does not respond. Valid until <see cref="IsEnded"/>.</summary>
    public ScrapeTimeout Timeout => timeout;

    /// <summary>The end, as a timestamp of the time provider.</summary>
    public long EndedAt { get; private set; }

    /// <summary>The reason of the failure; null if the body is complete, or if the runner has no page.</summary>
    public ScrapeFailureReason? Failure { get; private set; }

    /// <summary>The HTTP status because of which it failed; null if that is not the reason.</summary>
    public int? FailureStatus { get; private set; }

    /// <summary>The body; empty if the runner has no page. Borrowed: valid until <see cref="Release"/>.</summary>
    public ReadOnlyMemory<byte> Body => _body?.Written ?? default;

    public bool IsOpenMetrics { get; private set; }

    /// <summary>What the slots of the runner did; null: it does not tell. Set before its end.</summary>
    public SlotUsage? Slots { get; set; }

    /// <summary>True for the first caller only, so that its failures and dropped lines are counted once, however many pages show it.</summary>
    public bool TryCount() => Interlocked.Exchange(ref _isCounted, 1) == 0;

    /// <summary>True for the first caller only, as <see cref="TryCount"/>, for lines that only pages with escaped names drop.</summary>
    public bool TryCountEscaping() => Interlocked.Exchange(ref _isEscapingCounted, 1) == 0;

    public void Hold() => Interlocked.Increment(ref _holders);

    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
            _body?.Dispose();
    }

    /// <summary>Adds a waiter. The caller holds the lock of the target, and the scrape has not ended.</summary>
    public void Notify(ScrapeWait wait)
    {
        wait.Add();
        _waits.Add(wait);
    }

    /// <summary>Ends it. The caller holds the lock of the target and a reference to the scrape, and calls this once.</summary>
    /// <returns>The waiters, to be signaled outside the lock.</returns>
    public IReadOnlyList<ScrapeWait> End(ReadOutcome outcome, long endedAt)
    {
        (_body, Failure, IsOpenMetrics, EndedAt) = (outcome.Body, outcome.Failure, outcome.IsOpenMetrics, endedAt);
        FailureStatus = outcome.Status;
        _isEnded = true;
        return _waits;
    }
}
