namespace ModelRunner.Daemon.Accounting;

/// <summary>Counts durations by upper bounds. Safe to use from any thread, without a lock.</summary>
/// <param name="bounds">The upper bounds, in ascending order. A duration that equals a bound is below it.</param>
internal sealed class DurationHistogram(IReadOnlyList<HistogramBound> bounds)
{
    private readonly long[] _counts = new long[bounds.Count + 1];
    private long _ticks;

    /// <summary>The upper bounds.</summary>
    public IReadOnlyList<HistogramBound> Bounds => bounds;

    /// <summary>The sum in seconds.</summary>
    public double Sum => TimeSpan.FromTicks(Ticks).TotalSeconds;

    /// <summary>The sum in units of 100 ns.</summary>
    public long Ticks => Interlocked.Read(ref _ticks);

    /// <summary>The durations up to this bound and above the one before it; for the index after the last bound, those above all bounds.</summary>
    public long CountAt(int bound) => Interlocked.Read(ref _counts[bound]);

    public void Add(TimeSpan duration)
    {
        int bound = 0;
        while (bound < bounds.Count && duration.TotalSeconds > bounds[bound].Seconds)
            bound++;
        AddAt(bound, 1);
        AddTicks(duration.Ticks);
    }

    /// <summary>Increases what <see cref="CountAt"/> returns.</summary>
    public void AddAt(int bound, long count) => Interlocked.Add(ref _counts[bound], count);

    /// <summary>Increases the sum.</summary>
    public void AddTicks(long ticks) => Interlocked.Add(ref _ticks, ticks);

    /// <summary>Adds the durations of another histogram with the same bounds.</summary>
    public void Add(DurationHistogram other)
    {
        for (int bound = 0; bound < _counts.Length; bound++)
            AddAt(bound, other.CountAt(bound));
        AddTicks(other.Ticks);
    }
}
