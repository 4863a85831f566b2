using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Hosting;

/// <summary>Finds the models with <c>preload</c> and tells the pool to load them: at start, and after each reload. Thread-safe.</summary>
internal sealed partial class ResidentLoader(ModelCatalog catalog, RunnerPool pool, ILogger<ResidentLoader> logger)
{
    /// <summary>Applies the settings. Completes when the models are found, not when they are loaded.</summary>
    public async Task ApplyAsync(DaemonSettings settings, CancellationToken cancellationToken)
    {
        var residents = new Dictionary<RunnerKey, ModelEntry>();
        foreach (string reference in settings.Models.Where(static model => model.Value.IsPreloaded).Select(static model => model.Key))
        {
            ModelLookup lookup = await catalog.FindAsync(reference, cancellationToken);
            if (lookup.Model is not { } model)
            {
                LogNotFound(reference, lookup.Problem);
                continue;
            }

            RunnerMode mode = model.Settings.Mode ?? (model.Modes.Count > 0 ? model.Modes[0] : RunnerMode.Completion);
            RunnerKey key = pool.KeyOf(null, model, mode);
            if (pool.CannotServe(key, model) is { } problem)
                LogNotFound(reference, problem);
            else
                residents[key] = model;
        }

        pool.SetResidents(residents);
    }

    [LoggerMessage(LogLevel.Warning, "Model {Model} is not preloaded: {Problem}")]
    private partial void LogNotFound(string model, string? problem);
}
