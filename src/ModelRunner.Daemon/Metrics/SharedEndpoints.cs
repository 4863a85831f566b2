using ModelRunner.Configuration;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Metrics;

/// <summary>
/// Finds attached runners that are the same server under different addresses. The page contains the metrics of that server once for each of
/// them, so a sum over all models counts them several times. Thread-safe: immutable.
/// </summary>
internal sealed class SharedEndpoints
{
    private readonly Dictionary<(RunnerKey Key, string? Replica), int> _counts = [];
    private readonly List<string> _warnings = [];

    /// <summary>Compares the addresses. Symbolic links of socket paths are resolved once, now.</summary>
    public SharedEndpoints(IReadOnlyList<AttachedRunnerSettings> attached)
    {
        foreach (var group in attached.GroupBy(ServerIdentity.Of, StringComparer.Ordinal).Where(static group => group.Count() > 1))
        {
            foreach (AttachedRunnerSettings runner in group)
                _counts[(new RunnerKey(runner.Backend, runner.Model, runner.Mode), runner.Replica)] = group.Count();
            string names = string.Join(" and ", group.Select(static runner => $"{runner.Model} ({runner.Backend}, {ModeText.Format(runner.Mode)})"));
            _warnings.Add($"The attached runners {names} are the same server at {group.Key}: a sum over them counts its metrics {group.Count()} times. "
                + "Attach it once, or leave out all but one of model_runner_shared_endpoint in sums.");
        }
    }

    /// <summary>One warning for each server that is attached more than once.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>The number of attached runners that are the same server as this one, itself included; 0 if it is the only one.</summary>
    public int CountOf(RunnerSnapshot runner) =>
        runner.IsAttached ? _counts.GetValueOrDefault((runner.Key, runner.Replica)) : 0;
}
