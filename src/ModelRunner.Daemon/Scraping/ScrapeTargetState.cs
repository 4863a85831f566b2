using ModelRunner.Daemon.Runners;
using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Scraping;

/// <summary>The state that all scrapes share for one start of a runner: its labels, and its current or last scrape. Thread-safe.</summary>
internal sealed class ScrapeTargetState(RunnerSnapshot runner)
{
    private readonly Lock _lock = new();
    private RunnerScrape? _scrape;
    private bool _isRemoved;

    /// <summary>The labels that the daemon adds to each series of the runner.</summary>
    public TargetLabels Labels { get; } = RunnerLabels.Of(runner.Key, runner.Replica);

    /// <summary>The length in bytes of its last complete body; 0 before the first.</summary>
    public int LastBytes { get; private set; }

    /// <summary>
    /// Joins the scrape that is running, or the one that ended less than <paramref name="minInterval"/> ago. Otherwise creates one, which the
    /// caller must run and pass to <see cref="End"/>. The caller must release the returned scrape. One that is running and cannot be joined any more
    /// goes on for those that wait for it.
    /// </summary>
    /// <param name="wait">Is signaled when the scrape ends, if it has not ended yet.</param>
    /// <param name="time">The clock.</param>
    /// <param name="minInterval">How long a scrape is shared after its end.</param>
    /// <param name="length">The timeout of the caller.</param>
    /// <param name="timeout">Ends the scrapes that the caller creates; null before the first one. The caller holds and releases it.</param>
    /// <param name="isNew">Whether the caller must run the scrape.</param>
    public RunnerScrape Join(
        ScrapeWait wait, TimeProvider time, TimeSpan minInterval, TimeSpan length, ref ScrapeTimeout? timeout, out bool isNew)
    {
        lock (_lock)
        {
            isNew = _scrape is null || IsOld(_scrape, time, minInterval) || (!_scrape.IsEnded && !_scrape.Timeout.TryJoin(length));
            if (isNew)
            {
                _scrape?.Release();
                _scrape = new RunnerScrape(time.GetTimestamp(), timeout ??= new ScrapeTimeout(length, time));
            }

            RunnerScrape scrape = _scrape!;
            if (scrape.IsEnded)
                wait.AddBytes(scrape.Body.Length);
            else
                scrape.Notify(wait);
            scrape.Hold();
            return scrape;
        }
    }

    /// <summary>Ends a scrape and signals everything that waits for it.</summary>
    public void End(RunnerScrape scrape, ReadOutcome outcome, TimeProvider time)
    {
        IReadOnlyList<ScrapeWait> waits;
        lock (_lock)
        {
            if (outcome.Body is { } body)
                LastBytes = body.Length;
            waits = scrape.End(outcome, time.GetTimestamp());
            if (_isRemoved)
                ReleaseScrape();
        }

        int bytes = outcome.Body?.Length ?? 0;
        foreach (ScrapeWait wait in waits)
        {
            wait.AddBytes(bytes);
            wait.Signal();
        }
    }

    /// <summary>Releases the last scrape if it is too old to be shared.</summary>
    public void ReleaseIfOld(TimeProvider time, TimeSpan minInterval)
    {
        lock (_lock)
        {
            if (_scrape is null || !IsOld(_scrape, time, minInterval))
                return;
            ReleaseScrape();
        }
    }

    /// <summary>Releases the last scrape: now, or at its end if it is still running. Nothing joins this target afterwards.</summary>
    public void Remove()
    {
        lock (_lock)
        {
            _isRemoved = true;
            if (_scrape is { IsEnded: true })
                ReleaseScrape();
        }
    }

    private void ReleaseScrape()
    {
        _scrape?.Release();
        _scrape = null;
    }

    private static bool IsOld(RunnerScrape scrape, TimeProvider time, TimeSpan minInterval) =>
        scrape.IsEnded && (minInterval == TimeSpan.Zero || time.GetElapsedTime(scrape.EndedAt) >= minInterval);
}
