using ModelRunner.Daemon.Accounting;

namespace ModelRunner.Daemon.Runners;

/// <summary>Keeps the most memory that was measured of one runner since it was ready. Thread-safe.</summary>
/// <param name="peaks">The memory of all loads; null: nothing is kept.</param>
/// <param name="key">What was loaded; null: nothing is kept.</param>
/// <param name="load">The number of the start.</param>
internal sealed class PeakWatch(MemoryPeaks? peaks, string? key, long load)
{
    // Smaller growth is not stored again.
    private const long Step = 1 << 20;

    private readonly Lock _lock = new();
    private LoadPeak _last = new(key ?? "", load, 0, null, HasServed: false);
    private long _bytes;

    /// <summary>The most resident memory in bytes; null: it was not measured yet.</summary>
    public long? Bytes => Interlocked.Read(ref _bytes) is > 0 and var bytes ? bytes : null;

    /// <summary>The runner was measured after it was ready.</summary>
    /// <param name="usage">What its processes use.</param>
    /// <param name="hasServed">Whether a request has ended.</param>
    public void Measure(RunnerUsage usage, bool hasServed)
    {
        lock (_lock)
        {
            if (usage.ResidentBytes > _bytes)
                Interlocked.Exchange(ref _bytes, usage.ResidentBytes);
            long? graphics = _last.GraphicsBytes;
            if (usage.GraphicsBytes.Count > 0)
                graphics = Math.Max(usage.GraphicsBytes.Sum(static card => card.Value), graphics ?? 0);
            bool isNews = _bytes - _last.ResidentBytes >= Step || (graphics ?? 0) - (_last.GraphicsBytes ?? 0) >= Step || hasServed != _last.HasServed;
            if (peaks is null || key is null || _bytes == 0 || !isNews)
                return;
            _last = new LoadPeak(key, load, _bytes, graphics, hasServed);
            peaks.Record(_last);
        }
    }
}
