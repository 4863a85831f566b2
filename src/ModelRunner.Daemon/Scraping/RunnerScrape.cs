namespace ModelRunner.Daemon.Scraping;

/// <summary>
/// One reading of a runner's page, shared by all scrapes that came while it ran or soon after. Its body goes back to the pool when it has
/// ended and the last who holds it lets go.
/// </summary>
/// <param name="startedAt">When it began, as a timestamp of the time provider.</param>
internal sealed class RunnerScrape(long startedAt)
{
    private readonly List<ScrapeWait> _waits = new(1);
    private int _holders = 1;
    private int _isCounted;
    private int _isEscapingCounted;
    private volatile bool _isEnded;
    private BodyBuffer? _body;

    /// <summary>Whether the runner has answered or failed to. What follows is only there then.</summary>
    public bool IsEnded => _isEnded;

    /// <summary>When it began, as a timestamp of the time provider.</summary>
    public long StartedAt => startedAt;

    /// <summary>When it ended, as a timestamp of the time provider.</summary>
    public long EndedAt { get; private set; }

    /// <summary>Null where the body is whole.</summary>
    public ScrapeFailureReason? Failure { get; private set; }

    /// <summary>The body. Borrowed: only while the reading is held.</summary>
    public ReadOnlyMemory<byte> Body => _body?.Written ?? default;

    public bool IsOpenMetrics { get; private set; }

    /// <summary>True for the first who asks: what it says is counted once, however many pages show it.</summary>
    public bool TryCount() => Interlocked.Exchange(ref _isCounted, 1) == 0;

    /// <summary>True for the first who asks: as <see cref="TryCount"/>, for what only pages with escaped names lose.</summary>
    public bool TryCountEscaping() => Interlocked.Exchange(ref _isEscapingCounted, 1) == 0;

    public void Hold() => Interlocked.Increment(ref _holders);

    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
            _body?.Dispose();
    }

    /// <summary>Lets a scrape wait for its end. Only under the lock of its target, and before it has ended.</summary>
    public void Notify(ScrapeWait wait)
    {
        wait.Add();
        _waits.Add(wait);
    }

    /// <summary>Ends it. Only under the lock of its target; called once, by its reader, who holds it.</summary>
    /// <returns>Who is to be told, outside the lock.</returns>
    public IReadOnlyList<ScrapeWait> End(ReadOutcome outcome, long endedAt)
    {
        (_body, Failure, IsOpenMetrics, EndedAt) = (outcome.Body, outcome.Failure, outcome.IsOpenMetrics, endedAt);
        _isEnded = true;
        return _waits;
    }
}
