using System.Collections.Concurrent;
using ModelRunner.Daemon.Models;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// The models that are loaded without a request. Only the scheduler loop uses it, except for <see cref="Replace"/>, which is thread-safe. The models
/// change with the event, so they are those of which the scheduler knows.
/// </summary>
internal sealed class ResidentModels
{
    private readonly ConcurrentQueue<IReadOnlyDictionary<RunnerKey, ModelEntry>> _next = [];
    private Dictionary<RunnerKey, ModelEntry> _models = [];

    /// <summary>The model of a resident; null: the key has none.</summary>
    public ModelEntry? Find(RunnerKey key) => _models.GetValueOrDefault(key);

    /// <summary>Whether the event may start a resident, so that the decision needs a measurement.</summary>
    /// <param name="schedulerEvent">The event, before it is handled. A new list or an end may start one at once.</param>
    /// <param name="runners">All runners before the event.</param>
    public bool MayStart(SchedulerEvent schedulerEvent, IReadOnlyList<RunnerSnapshot> runners)
    {
        // Other settings may remove the attached runner of a resident, or give it a place.
        if (schedulerEvent is ResidentsChanged || (schedulerEvent is ConfigurationChanged && _models.Count > 0))
            return true;
        RunnerId? ended = schedulerEvent switch
        {
            RunnerExited exited => exited.Runner,
            RunnerFailed failed => failed.Runner,
            _ => null,
        };
        return _models.Keys.Any(key => !runners.Any(runner =>
            runner.Key == key && runner.Id != ended && runner.State.IsLive()));
    }

    /// <summary>Replaces the residents as soon as the returned event passes <see cref="Prepare"/>.</summary>
    /// <param name="models">The residents.</param>
    /// <param name="keepsUnloaded">See <see cref="ResidentsChanged.KeepsUnloaded"/>.</param>
    public ResidentsChanged Replace(IReadOnlyDictionary<RunnerKey, ModelEntry> models, bool keepsUnloaded)
    {
        _next.Enqueue(models);
        return new ResidentsChanged([]) { KeepsUnloaded = keepsUnloaded };
    }

    /// <summary>
    /// The event that <see cref="Replace"/> returned has arrived. Returns the residents and what their runners need now. A context that depends on
    /// the free memory is chosen now.
    /// </summary>
    public IReadOnlyList<Resident> Prepare(WantedModels wanted, RunnerDemands demands, IReadOnlyList<RunnerSnapshot> runners)
    {
        Dictionary<RunnerKey, ModelEntry> before = _models;
        if (_next.TryDequeue(out IReadOnlyDictionary<RunnerKey, ModelEntry>? next))
            _models = next.ToDictionary(static model => model.Key, model => wanted.Take(model.Key, model.Value, runners));
        return [.. _models.Select(model => new Resident(model.Key, demands.Of(model.Value, model.Key.Mode))
        {
            IsUnchanged = before.TryGetValue(model.Key, out ModelEntry? old) && old.HasSameFileAs(model.Value)
                && old.Settings.StartsLike(model.Value.Settings),
        })];
    }
}
