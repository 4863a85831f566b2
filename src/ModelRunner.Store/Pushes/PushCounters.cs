namespace ModelRunner.Store.Pushes;

/// <summary>What pushes did since the start of the daemon. Safe to use from any thread.</summary>
internal sealed class PushCounters
{
    private readonly long[] _results = new long[Enum.GetValues<PushResult>().Length];
    private long _bytes;

    /// <summary>Bytes of files that were sent to registries, also those of attempts that failed.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Pushes that ended in one way.</summary>
    public long Of(PushResult result) => Interlocked.Read(ref _results[(int)result]);

    internal void Send(long bytes) => Interlocked.Add(ref _bytes, bytes);

    internal void End(PushResult result) => Interlocked.Increment(ref _results[(int)result]);
}
