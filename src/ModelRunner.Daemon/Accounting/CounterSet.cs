namespace ModelRunner.Daemon.Accounting;

/// <summary>
/// Counters, each with the time at which it began to count: that of the first thing that it counted, also over restarts of the daemon. Times are
/// in milliseconds since 1970; 0: nothing was counted, or the time is not known. Safe to use from any thread, without a lock.
/// </summary>
internal sealed class CounterSet(int length)
{
    private readonly long[] _counts = new long[length];
    private readonly long[] _began = new long[length];

    public long this[int index] => Interlocked.Read(ref _counts[index]);

    /// <summary>When a counter began.</summary>
    public long BeganAt(int index) => Interlocked.Read(ref _began[index]);

    /// <summary>Increases a counter.</summary>
    public void Add(int index, long count, long beganAt)
    {
        if (count == 0)
            return;
        LowerTo(ref _began[index], beganAt);
        Interlocked.Add(ref _counts[index], count);
    }

    /// <summary>Adds the counters of another set of the same length.</summary>
    public void Add(CounterSet other)
    {
        for (int index = 0; index < _counts.Length; index++)
            Add(index, other[index], other.BeganAt(index));
    }

    /// <summary>Sets a time if it is earlier than the one that is known.</summary>
    public static void LowerTo(ref long began, long at)
    {
        while (at > 0 && Interlocked.Read(ref began) is var known && (known == 0 || at < known)
            && Interlocked.CompareExchange(ref began, at, known) != known)
        {
            // Another thread has set it meanwhile.
        }
    }
}
