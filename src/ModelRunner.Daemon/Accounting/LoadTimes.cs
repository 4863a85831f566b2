using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Accounting;

/// <summary>
/// How long loads took, by what was loaded and by what. The latest load counts as much as all before it together, so a change is followed after a few
/// loads. Bounded. Thread-safe.
/// </summary>
internal sealed class LoadTimes
{
    /// <summary>The most entries of each kind. Those that were loaded least recently are forgotten.</summary>
    public const int MaxEntries = 1000;

    /// <summary>The part of the latest load in the mean.</summary>
    private const double Latest = 0.5;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Mean> _exact = new(StringComparer.Ordinal);
    private readonly Dictionary<(RunnerKey Key, string Engine), Mean> _byEngine = [];
    private long _lastOrder;

    /// <summary>A load has ended with a runner that is ready. Loads are passed in their order.</summary>
    public void Add(LoadSubject subject, TimeSpan duration)
    {
        lock (_lock)
        {
            _lastOrder++;
            if (subject.Exact is { } exact)
                Put(_exact, exact, subject.WeightBytes, duration);
            Put(_byEngine, (subject.Key, subject.Engine), subject.WeightBytes, duration);
        }
    }

    /// <summary>
    /// How long a load will take: as the last ones of the same file with the same engine and arguments; else as the last ones of the same model with this
    /// engine; else with the engine that loaded it last; else as the model with the most similar size, with the same engine if there is one. Null: there was
    /// no load to compare it with.
    /// </summary>
    public TimeSpan? Expect(LoadSubject subject)
    {
        lock (_lock)
        {
            if (subject.Exact is { } exact && _exact.TryGetValue(exact, out Mean same))
                return same.Duration;
            if (_byEngine.TryGetValue((subject.Key, subject.Engine), out Mean engine))
                return Scale(engine, subject);
            (RunnerKey Key, string Engine)[] others = [.. _byEngine.Keys.Where(other => other.Key == subject.Key)];
            return others.Length > 0 ? Scale(_byEngine[others.MaxBy(other => _byEngine[other].Order)], subject) : ExpectBySize(subject);
        }
    }

    private TimeSpan? ExpectBySize(LoadSubject subject)
    {
        if (subject.WeightBytes == 0)
            return null;
        Mean[] sized = [.. _byEngine.Values.Where(static mean => mean.WeightBytes > 0)];
        Mean[] ofEngine = [.. _byEngine.Where(mean => mean.Key.Engine == subject.Engine && mean.Value.WeightBytes > 0).Select(static mean => mean.Value)];
        if (ofEngine.Length > 0)
            sized = ofEngine;
        return sized.Length == 0 ? null : Scale(sized.MinBy(mean => Math.Abs(Math.Log((double)subject.WeightBytes / mean.WeightBytes))), subject);
    }

    // A part of each load does not depend on the size, so a smaller file is not expected to be faster in proportion.
    private static TimeSpan Scale(Mean mean, LoadSubject subject)
    {
        bool isLarger = mean.WeightBytes > 0 && subject.WeightBytes > mean.WeightBytes;
        return isLarger ? mean.Duration * ((double)subject.WeightBytes / mean.WeightBytes) : mean.Duration;
    }

    private void Put<TKey>(Dictionary<TKey, Mean> means, TKey key, long weightBytes, TimeSpan duration)
        where TKey : notnull
    {
        if (means.TryGetValue(key, out Mean known))
            duration = (duration * Latest) + (known.Duration * (1 - Latest));
        else if (means.Count == MaxEntries)
            means.Remove(means.MinBy(static mean => mean.Value.Order).Key);
        means[key] = new Mean(duration, weightBytes, _lastOrder);
    }

    private readonly record struct Mean(TimeSpan Duration, long WeightBytes, long Order);
}
