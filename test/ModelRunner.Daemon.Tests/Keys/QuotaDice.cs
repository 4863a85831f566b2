namespace ModelRunner.Daemon.Tests.Keys;

/// <summary>SplitMix64: the same numbers for the same seed, for ever and everywhere.</summary>
internal sealed class QuotaDice(ulong seed)
{
    private ulong _state = seed;

    public int Below(int limit) => (int)(Next() % (ulong)limit);

    public bool OneIn(int count) => Below(count) == 0;

    public TimeSpan Seconds(int limit) => TimeSpan.FromMilliseconds(Below((limit * 1000) + 1));

    private ulong Next()
    {
        ulong z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
