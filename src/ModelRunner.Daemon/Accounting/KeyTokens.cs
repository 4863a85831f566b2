using System.Collections.Concurrent;
using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Accounting;

/// <summary>
/// The tokens of an account by the name of the key with which they were requested. Their sum is that of the account, except for a moment while
/// a request is being added. Safe to use from any thread, without a lock.
/// </summary>
internal sealed class KeyTokens
{
    /// <summary>The most names. Further ones share a name. Names are those of the configuration, so nobody can add many by requests.</summary>
    public const int MaxNames = 1000;

    private static readonly int Types = Enum.GetValues<TokenType>().Length;

    private readonly ConcurrentDictionary<string, CounterSet> _counters = new(concurrencyLevel: 1, capacity: 1, StringComparer.Ordinal);
    private int _names;

    /// <summary>The names, in order.</summary>
    public IEnumerable<string> Names => _counters.Keys.Order(StringComparer.Ordinal);

    /// <summary>The tokens of a name.</summary>
    public long Tokens(string name, TokenType type) => _counters.TryGetValue(name, out CounterSet? counters) ? counters[(int)type] : 0;

    /// <summary>When <see cref="Tokens"/> began, as <see cref="CounterSet.BeganAt"/>.</summary>
    public long BeganAt(string name, TokenType type) => _counters.TryGetValue(name, out CounterSet? counters) ? counters.BeganAt((int)type) : 0;

    public void Add(string name, TokenType type, long count, long beganAt)
    {
        if (count != 0)
            Find(name).Add((int)type, count, beganAt);
    }

    public void Add(KeyTokens other)
    {
        foreach ((string name, CounterSet counters) in other._counters)
            Find(name).Add(counters);
    }

    private CounterSet Find(string name)
    {
        if (_counters.TryGetValue(name, out CounterSet? known))
            return known;
        if (Volatile.Read(ref _names) >= MaxNames)
            return _counters.GetOrAdd(KeyName.Other, static _ => new CounterSet(Types));
        var added = new CounterSet(Types);
        CounterSet counters = _counters.GetOrAdd(name, added);
        if (ReferenceEquals(counters, added))
            Interlocked.Increment(ref _names);
        return counters;
    }
}
