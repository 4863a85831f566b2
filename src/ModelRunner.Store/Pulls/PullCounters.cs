namespace ModelRunner.Store.Pulls;

/// <summary>What pulls did since the start of the daemon. Safe to use from any thread.</summary>
internal sealed class PullCounters
{
    private readonly long[] _results = new long[Enum.GetValues<PullResult>().Length];
    private long _bytes;
    private long _running;

    /// <summary>Bytes that came from other machines, also those that were dropped later.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Pulls that run or wait.</summary>
    public long Running => Interlocked.Read(ref _running);

    /// <summary>Pulls that ended in one way.</summary>
    public long Of(PullResult result) => Interlocked.Read(ref _results[(int)result]);

    internal void Receive(int bytes) => Interlocked.Add(ref _bytes, bytes);

    internal void Begin() => Interlocked.Increment(ref _running);

    internal void End(PullResult result)
    {
        Interlocked.Increment(ref _results[(int)result]);
        Interlocked.Decrement(ref _running);
    }
}
