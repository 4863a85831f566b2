using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// The settings that models have after a change. The configuration alone does not tell them: an entry <c>smollm2</c> means the pulled model <c>ai/smollm2</c>,
/// unless there is a file <c>smollm2.gguf</c>. So the model that a name means now decides, and the configuration for names that mean none.
/// </summary>
internal sealed class EffectiveSettings
{
    private readonly SettingsChange _change;
    private readonly Dictionary<string, ModelSettings> _next;
    private readonly List<(RunnerId Id, string Model, bool IsCurrent)> _started = [];

    /// <param name="change">The change.</param>
    /// <param name="runners">All runners, as they were started.</param>
    /// <param name="find">What a canonical reference means now; null: nothing.</param>
    public EffectiveSettings(SettingsChange change, IReadOnlyList<RunnerSnapshot> runners, Func<string, ModelSource?> find)
    {
        _change = change;
        _next = new Dictionary<string, ModelSettings>(change.Next.FindEffectiveModels(), StringComparer.Ordinal);
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (string model in runners.Select(static runner => runner.Key.Model).Union(_next.Keys, StringComparer.Ordinal).ToArray())
        {
            if (find(model) is not { } source || source.Reference.ToString() != model)
                continue;
            _next[model] = source.Settings;
            known.Add(model);
        }

        foreach (RunnerSnapshot runner in runners)
            if (runner.Model is { } started && known.Contains(runner.Key.Model))
                _started.Add((runner.Id, runner.Key.Model, started.Settings.StartsLike(_next[runner.Key.Model])));
    }

    /// <summary>How long models stay loaded, by canonical reference; without those that have no time of their own.</summary>
    public IReadOnlyDictionary<string, TimeSpan> KeepAlive => _next.Where(static model => model.Value.KeepAlive is not null)
        .ToDictionary(static model => model.Key, static model => model.Value.KeepAlive!.Value, StringComparer.Ordinal);

    /// <summary>How many requests run at once, by canonical reference; without models that have no limit.</summary>
    public IReadOnlyDictionary<string, int> Concurrency => _next.Where(static model => model.Value.Concurrency is not null)
        .ToDictionary(static model => model.Key, static model => model.Value.Concurrency!.Value, StringComparer.Ordinal);

    /// <summary>The limits of waiting requests, by canonical reference.</summary>
    public IReadOnlyDictionary<string, QueueLimits> Queues =>
        _next.ToDictionary(static model => model.Key, static model => model.Value.Queue, StringComparer.Ordinal);

    /// <summary>The runners that would be started in the same way now.</summary>
    public IReadOnlySet<RunnerId> CurrentRunners =>
        _started.Where(static runner => runner.IsCurrent).Select(static runner => runner.Id).ToHashSet();

    /// <summary>The models of which a runner would be started in another way now. Of these, <see cref="CurrentRunners"/> are not concerned.</summary>
    public IReadOnlySet<string> FindOutdatedModels()
    {
        var outdated = new HashSet<string>(_change.FindOutdatedModels(), StringComparer.Ordinal);

        // Two runners of one model may have been started with different settings, one for each mode.
        foreach (var runners in _started.GroupBy(static runner => runner.Model, StringComparer.Ordinal))
        {
            if (runners.All(static runner => runner.IsCurrent))
                outdated.Remove(runners.Key);
            else
                outdated.Add(runners.Key);
        }

        return outdated;
    }
}
