using System.Diagnostics.CodeAnalysis;

namespace ModelRunner.Daemon.Scraping;

/// <summary>
/// The timeout of scrapes of runners that began together. They share one timer, which is disposed of when the last one ends. A scrape that joins later
/// extends it, so that nobody loses a runner because of the deadline of another scrape. Thread-safe.
/// </summary>
/// <param name="timeout">The timeout of the scrape that begins, from now.</param>
/// <param name="time">The clock.</param>
[SuppressMessage("Design", "CA1001", Justification = "The last holder disposes of it.")]
internal sealed class ScrapeTimeout(TimeSpan timeout, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _source = new(timeout, time);
    private readonly long _startedAt = time.GetTimestamp();
    private TimeSpan _longest = timeout;
    private TimeSpan _end = timeout;
    private int _holders = 1;

    public CancellationToken Token => _source.Token;

    /// <summary>
    /// A scrape with this timeout joins. Returns false if it must not: the timeout is over, or the runner has not responded for as long as the longest
    /// timeout of those that wait. Then its connection may hang, and a new one is better. So no scrape lasts longer than twice the longest timeout,
    /// however many join. Must not be called after the last <see cref="Release"/>.
    /// </summary>
    public bool TryJoin(TimeSpan joining)
    {
        lock (_lock)
        {
            TimeSpan elapsed = time.GetElapsedTime(_startedAt);
            TimeSpan longest = joining > _longest ? joining : _longest;
            if (_source.IsCancellationRequested || elapsed >= longest)
                return false;
            _longest = longest;
            if (elapsed + joining > _end)
            {
                _end = elapsed + joining;
                _source.CancelAfter(joining);
            }

            return true;
        }
    }

    public void Hold() => Interlocked.Increment(ref _holders);

    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
            _source.Dispose();
    }
}
