using System.Diagnostics.CodeAnalysis;

namespace ModelRunner.Daemon.Scraping;

/// <summary>
/// The timeout of scrapes of runners that began together. They share one timer, which is disposed of when the last one ends. Thread-safe.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The last holder disposes of it.")]
internal sealed class ScrapeTimeout(TimeSpan timeout, TimeProvider time)
{
    private readonly CancellationTokenSource _source = new(timeout, time);
    private int _holders = 1;

    public CancellationToken Token => _source.Token;

    public void Hold() => Interlocked.Increment(ref _holders);

    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
            _source.Dispose();
    }
}
