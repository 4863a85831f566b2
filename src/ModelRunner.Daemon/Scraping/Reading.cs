namespace ModelRunner.Daemon.Scraping;

/// <summary>
/// One reading of a runner's page, shared by all scrapes that came while it ran or soon after. Its body goes back to the pool when it has
/// ended and the last who holds it lets go.
/// </summary>
internal sealed class Reading
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _holders = 1;
    private int _isCounted;
    private BodyBuffer? _body;

    /// <summary>Completes when the runner has answered or failed to. Never faults.</summary>
    public Task Ended => _ended.Task;

    /// <summary>When it ended, as a timestamp of the time provider.</summary>
    public long EndedAt { get; private set; }

    public TimeSpan Duration { get; private set; }

    /// <summary>Null where the body is whole.</summary>
    public ScrapeFailureReason? Failure { get; private set; }

    /// <summary>The body. Borrowed: only while the reading is held.</summary>
    public ReadOnlyMemory<byte> Body => _body?.Written ?? default;

    public bool IsOpenMetrics { get; private set; }

    /// <summary>True for the first who asks: what it says is counted once, however many pages show it.</summary>
    public bool TryCount() => Interlocked.Exchange(ref _isCounted, 1) == 0;

    public void Hold() => Interlocked.Increment(ref _holders);

    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
            _body?.Dispose();
    }

    /// <summary>Ends it. Called once, by its reader, who holds it.</summary>
    public void End(ReadOutcome outcome, long endedAt, TimeSpan duration)
    {
        (_body, Failure, IsOpenMetrics) = (outcome.Body, outcome.Failure, outcome.IsOpenMetrics);
        (EndedAt, Duration) = (endedAt, duration);
        _ended.SetResult();
    }
}
