using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Accounting;

/// <summary>Counts durations by upper bounds. Safe to use from any thread, without a lock.</summary>
/// <param name="bounds">The upper bounds, in ascending order. A duration that equals a bound is below it.</param>
internal sealed class DurationHistogram(IReadOnlyList<HistogramBound> bounds)
{
    private readonly long[] _counts = new long[bounds.Count + 1];
    private long _ticks;
    private long _began;

    // Most daemons never get a request with a trace.
    private Exemplar?[]? _exemplars;

    /// <summary>The upper bounds.</summary>
    public IReadOnlyList<HistogramBound> Bounds => bounds;

    /// <summary>The sum in seconds.</summary>
    public double Sum => TimeSpan.FromTicks(Ticks).TotalSeconds;

    /// <summary>The sum in units of 100 ns.</summary>
    public long Ticks => Interlocked.Read(ref _ticks);

    /// <summary>When the first duration was counted, as <see cref="CounterSet.BeganAt"/>.</summary>
    public long BeganAt => Interlocked.Read(ref _began);

    /// <summary>The durations up to this bound and above the one before it; for the index after the last bound, those above all bounds.</summary>
    public long CountAt(int bound) => Interlocked.Read(ref _counts[bound]);

    /// <summary>The last duration of <see cref="CountAt"/> that has a trace; null: there is none.</summary>
    public Exemplar? ExemplarAt(int bound) => Volatile.Read(ref _exemplars) is { } exemplars ? Volatile.Read(ref exemplars[bound]) : null;

    /// <param name="duration">The duration.</param>
    /// <param name="traceId">The sampled trace that it is of; null: none.</param>
    /// <param name="endedAt">When it ended.</param>
    public void Add(TimeSpan duration, string? traceId = null, DateTimeOffset endedAt = default)
    {
        int bound = 0;
        while (bound < bounds.Count && duration.TotalSeconds > bounds[bound].Seconds)
            bound++;
        AddAt(bound, 1, endedAt.ToUnixTimeMilliseconds());
        AddTicks(duration.Ticks);
        if (traceId is not null)
            SetExemplar(bound, new Exemplar("trace_id", traceId, duration.TotalSeconds, endedAt));
    }

    /// <summary>Increases what <see cref="CountAt"/> returns.</summary>
    public void AddAt(int bound, long count, long beganAt)
    {
        if (count == 0)
            return;
        CounterSet.LowerTo(ref _began, beganAt);
        Interlocked.Add(ref _counts[bound], count);
    }

    /// <summary>Increases the sum.</summary>
    public void AddTicks(long ticks) => Interlocked.Add(ref _ticks, ticks);

    /// <summary>Adds the durations of another histogram with the same bounds.</summary>
    public void Add(DurationHistogram other)
    {
        for (int bound = 0; bound < _counts.Length; bound++)
        {
            AddAt(bound, other.CountAt(bound), other.BeganAt);
            if (other.ExemplarAt(bound) is { } exemplar && !(ExemplarAt(bound)?.Timestamp > exemplar.Timestamp))
                SetExemplar(bound, exemplar);
        }

        AddTicks(other.Ticks);
    }

    private void SetExemplar(int bound, Exemplar exemplar)
    {
        Exemplar?[] exemplars = Volatile.Read(ref _exemplars)
            ?? Interlocked.CompareExchange(ref _exemplars, new Exemplar?[_counts.Length], null) ?? _exemplars;
        Volatile.Write(ref exemplars[bound], exemplar);
    }
}
