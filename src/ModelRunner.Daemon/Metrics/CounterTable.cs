using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Metrics;

/// <summary>
/// The counters of runners by their labels. Counters of up to 256 removed runners are kept, so that a counter continues if its runner comes
/// back. Not thread-safe: used only under the merge lock.
/// </summary>
internal sealed class CounterTable(TimeProvider time)
{
    private const int MaxRemovedRunners = 256;
    private readonly Dictionary<(RunnerKey Key, string? Replica), RunnerCounters> _counters = [];

    public RunnerCounters Of(RunnerSnapshot runner)
    {
        (RunnerKey, string?) key = (runner.Key, runner.Replica);
        if (!_counters.TryGetValue(key, out RunnerCounters? counters))
            _counters.Add(key, counters = new RunnerCounters(time.GetUtcNow()));
        return counters;
    }

    /// <summary>Removes the counters of removed runners if there are too many.</summary>
    public void Trim(IReadOnlyList<RunnerSnapshot> present)
    {
        if (_counters.Count <= present.Count + MaxRemovedRunners)
            return;
        HashSet<(RunnerKey, string?)> keys = [.. present.Select(static runner => (runner.Key, runner.Replica))];
        foreach ((RunnerKey, string?) key in _counters.Keys.Where(key => !keys.Contains(key)).ToList())
            _counters.Remove(key);
    }
}
