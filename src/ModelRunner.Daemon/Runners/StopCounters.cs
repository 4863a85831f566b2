using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// Counts the ends of runners and their failed starts by key and reason. If more than <see cref="MaxKeys"/> keys
/// have stopped, only those that stopped last are kept. Only the scheduler loop counts; any thread may read <see cref="Snapshot"/>.
/// </summary>
internal sealed class StopCounters
{
    /// <summary>The most keys that are counted. A key belongs to a model that exists, or existed when its runner was started.</summary>
    public const int MaxKeys = 256;

    private static readonly StopReason[] Reasons = Enum.GetValues<StopReason>();

    /// <summary>The key that stopped last is at the end.</summary>
    private readonly OrderedDictionary<RunnerKey, long[]> _counts = [];

    private volatile IReadOnlyList<StopCount> _snapshot = [];

    /// <summary>All counts above zero, in order of backend, model, mode and reason. Immutable.</summary>
    public IReadOnlyList<StopCount> Snapshot => _snapshot;

    public void Count(RunnerKey key, StopReason reason)
    {
        if (!_counts.Remove(key, out long[]? counts))
            counts = new long[Reasons.Length];
        counts[(int)reason]++;
        if (_counts.Count == MaxKeys)
            _counts.RemoveAt(0);
        _counts.Add(key, counts);
        _snapshot = TakeSnapshot();
    }

    private StopCount[] TakeSnapshot() =>
    [
        .. _counts
            .OrderBy(static entry => entry.Key, RunnerKey.Order)
            .SelectMany(static entry => Reasons
                .Where(reason => entry.Value[(int)reason] > 0)
                .Select(reason => new StopCount(entry.Key, reason, entry.Value[(int)reason]))),
    ];
}
