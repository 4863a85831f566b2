using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Metrics;

/// <summary>Counts the pages that were sent. Thread-safe.</summary>
internal sealed class PageCounts
{
    private long _text;
    private long _openMetrics;
    private long _lastTicks = -1;

    /// <summary>Pages in Prometheus text format.</summary>
    public long Text => Interlocked.Read(ref _text);

    /// <summary>Pages in OpenMetrics.</summary>
    public long OpenMetrics => Interlocked.Read(ref _openMetrics);

    /// <summary>The time from the arrival of the last scrape until its response began; null: there was none.</summary>
    public TimeSpan? LastDuration => Interlocked.Read(ref _lastTicks) is >= 0 and var ticks ? TimeSpan.FromTicks(ticks) : null;

    /// <summary>A response begins.</summary>
    /// <param name="format">The format of the page.</param>
    /// <param name="duration">The time since the scrape arrived.</param>
    public void Add(ExpositionFormat format, TimeSpan duration)
    {
        if (format == ExpositionFormat.OpenMetrics100)
            Interlocked.Increment(ref _openMetrics);
        else
            Interlocked.Increment(ref _text);
        Interlocked.Exchange(ref _lastTicks, duration.Ticks);
    }
}
