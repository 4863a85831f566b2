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
    private readonly IReadOnlyList<RunnerSnapshot> _runners;
    private readonly HashSet<string> _known;

    /// <param name="change">The change.</param>
    /// <param name="runners">All runners, as they were started.</param>
    /// <param name="find">What a canonical reference means now; null: nothing.</param>
    public EffectiveSettings(SettingsChange change, IReadOnlyList<RunnerSnapshot> runners, Func<string, ModelSource?> find)
    {
        (_change, _runners) = (change, runners);
        _next = new Dictionary<string, ModelSettings>(change.Next.FindEffectiveModels(), StringComparer.Ordinal);
        _known = new HashSet<string>(StringComparer.Ordinal);
        foreach (string model in runners.Select(static runner => runner.Key.Model).Union(_next.Keys, StringComparer.Ordinal).ToArray())
        {
            if (find(model) is not { } source || source.Reference.ToString() != model)
                continue;
            _next[model] = source.Settings;
            _known.Add(model);
        }
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

    /// <summary>The models whose runners would be started in another way now.</summary>
    public IReadOnlySet<string> FindOutdatedModels()
    {
        var outdated = new HashSet<string>(_change.FindOutdatedModels(), StringComparer.Ordinal);
        foreach (RunnerSnapshot runner in _runners)
        {
            if (!_known.Contains(runner.Key.Model) || runner.Model is not { } started)
                continue;
            if (started.Settings.StartsLike(_next[runner.Key.Model]))
                outdated.Remove(runner.Key.Model);
            else
                outdated.Add(runner.Key.Model);
        }

        return outdated;
    }
}
