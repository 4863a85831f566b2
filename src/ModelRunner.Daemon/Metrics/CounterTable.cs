using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Metrics;

/// <summary>
/// The counters of runners by their labels. Those of runners that are gone are kept for when they come back, up to a bound, so that a counter
/// goes on where it was. Only used while a page is put together, under its lock.
/// </summary>
internal sealed class CounterTable
{
    private const int MaxOfGoneRunners = 256;
    private readonly Dictionary<(RunnerKey Key, string? Replica), RunnerCounters> _counters = [];

    public RunnerCounters Of(RunnerSnapshot runner)
    {
        (RunnerKey, string?) key = (runner.Key, runner.Replica);
        if (!_counters.TryGetValue(key, out RunnerCounters? counters))
            _counters.Add(key, counters = new RunnerCounters());
        return counters;
    }

    /// <summary>Forgets runners that are gone where there are too many of them.</summary>
    public void Trim(IReadOnlyList<RunnerSnapshot> present)
    {
        if (_counters.Count <= present.Count + MaxOfGoneRunners)
            return;
        HashSet<(RunnerKey, string?)> keys = [.. present.Select(static runner => (runner.Key, runner.Replica))];
        foreach ((RunnerKey, string?) key in _counters.Keys.Where(key => !keys.Contains(key)).ToList())
            _counters.Remove(key);
    }
}
