namespace ModelRunner.Daemon.Accounting;

/// <summary>
/// The memory that was measured of loads, by file, engine and arguments: of each key the latest loads, and of the earlier ones those that needed most.
/// Bounded. Thread-safe.
/// </summary>
internal sealed class MemoryPeaks
{
    /// <summary>The latest loads of each key that are kept, whatever they needed.</summary>
    public const int MaxLatest = 3;

    /// <summary>The earlier loads of each key that are kept.</summary>
    public const int MaxEarlier = 5;

    /// <summary>The loads of each key that are kept.</summary>
    public const int MaxLoads = MaxLatest + MaxEarlier;

    /// <summary>The most keys. Those that were loaded least recently are forgotten.</summary>
    public const int MaxKeys = 1000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<LoadPeak>> _byKey = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Key, long Load), LoadPeak> _changed = [];

    /// <summary>Whether <see cref="TakeChanged"/> returns something.</summary>
    public bool HasChanged
    {
        get
        {
            lock (_lock)
                return _changed.Count > 0;
        }
    }

    /// <summary>All loads that are kept.</summary>
    public IReadOnlyList<LoadPeak> All
    {
        get
        {
            lock (_lock)
                return [.. _byKey.Values.SelectMany(static loads => loads)];
        }
    }

    /// <summary>A load was measured. It replaces what was known of this load.</summary>
    public void Record(LoadPeak peak)
    {
        lock (_lock)
        {
            if (Put(peak))
                _changed[(peak.Key, peak.Load)] = peak;
        }
    }

    /// <summary>Adds loads of earlier processes.</summary>
    public void Restore(IEnumerable<LoadPeak> stored)
    {
        lock (_lock)
        {
            foreach (LoadPeak peak in stored.OrderBy(static peak => peak.Load))
                Put(peak);
        }
    }

    /// <summary>The loads of a key, in the order of their starts; empty if there were none.</summary>
    public IReadOnlyList<LoadPeak> Find(string key)
    {
        lock (_lock)
            return _byKey.TryGetValue(key, out List<LoadPeak>? loads) ? [.. loads] : [];
    }

    /// <summary>The loads that were measured since the last call.</summary>
    public IReadOnlyList<LoadPeak> TakeChanged()
    {
        lock (_lock)
        {
            LoadPeak[] taken = [.. _changed.Values];
            _changed.Clear();
            return taken;
        }
    }

    private bool Put(LoadPeak peak)
    {
        if (!_byKey.TryGetValue(peak.Key, out List<LoadPeak>? loads))
        {
            if (_byKey.Count == MaxKeys)
                _byKey.Remove(_byKey.MinBy(static pair => pair.Value[^1].Load).Key);
            _byKey.Add(peak.Key, loads = []);
        }

        int place = loads.FindIndex(other => other.Load >= peak.Load);
        if (place < 0)
            loads.Add(peak);
        else if (loads[place].Load == peak.Load)
            loads[place] = peak;
        else
            loads.Insert(place, peak);
        if (loads.Count > MaxLoads)
            loads.Remove(loads.SkipLast(MaxLatest).MinBy(static load => load.ResidentBytes)!);
        return loads.Contains(peak);
    }
}
