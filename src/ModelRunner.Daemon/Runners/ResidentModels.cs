using ModelRunner.Daemon.Models;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>The models that are loaded without a request. Thread-safe, except for <see cref="Prepare"/>, which only the scheduler loop uses.</summary>
internal sealed class ResidentModels
{
    private volatile IReadOnlyDictionary<RunnerKey, ModelEntry> _models = new Dictionary<RunnerKey, ModelEntry>();

    /// <summary>The model of a resident; null: the key has none.</summary>
    public ModelEntry? Find(RunnerKey key) => _models.GetValueOrDefault(key);

    /// <summary>Whether a resident has no process, so that it may be started as soon as there is room.</summary>
    public bool IsMissing(IReadOnlyList<RunnerSnapshot> runners) => _models.Keys.Any(key => !runners.Any(runner =>
        runner.Key == key && runner.State is RunnerState.Loading or RunnerState.Ready or RunnerState.Stopping));

    /// <summary>Replaces the residents. The returned event has to pass <see cref="Prepare"/>.</summary>
    public ResidentsChanged Set(IReadOnlyDictionary<RunnerKey, ModelEntry> models)
    {
        _models = models;
        return new ResidentsChanged([.. models.Keys.Select(static key => new Resident(key, default))]);
    }

    /// <summary>Completes the event with what the runners need now. A context that depends on the free memory is chosen now.</summary>
    public ResidentsChanged Prepare(ResidentsChanged changed, WantedModels wanted, RunnerDemands demands, IReadOnlyList<RunnerSnapshot> runners)
    {
        Dictionary<RunnerKey, ModelEntry> chosen = changed.Residents.Where(resident => Find(resident.Key) is not null)
            .ToDictionary(static resident => resident.Key, resident => wanted.Take(resident.Key, Find(resident.Key)!, runners));
        if (chosen.Count == _models.Count)
            _models = chosen;
        return new ResidentsChanged([.. chosen.Select(model => new Resident(model.Key, demands.Of(model.Value, model.Key.Mode)))]);
    }
}
