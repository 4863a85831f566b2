using System.Diagnostics.CodeAnalysis;

namespace ModelRunner.Daemon.Scraping;

/// <summary>The time after which readings that began together are given up. One timer for all of them, disposed of when the last ended.</summary>
[SuppressMessage("Design", "CA1001", Justification = "It is disposed of when the last holder lets go.")]
internal sealed class ReadingLimit(TimeSpan limit, TimeProvider time)
{
    private readonly CancellationTokenSource _source = new(limit, time);
    private int _holders = 1;

    public CancellationToken Token => _source.Token;

    public void Hold() => Interlocked.Increment(ref _holders);

    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
            _source.Dispose();
    }
}
