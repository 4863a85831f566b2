using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Responses;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Inference;

/// <summary>The backends that routes may name: llama.cpp, those of models with an engine of their own, and those of attached runners.</summary>
internal sealed class BackendDirectory(DaemonSettings settings)
{
    /// <summary>The backend of models that name no engine.</summary>
    public const string Managed = ModelSettings.LlamaBackend;

    private volatile DaemonSettings _settings = settings;

    /// <summary>All backends, llama.cpp first.</summary>
    public IReadOnlyList<string> Names => NamesIn(_settings);

    /// <summary>Replaces the settings.</summary>
    public void Configure(DaemonSettings settings) => _settings = settings;

    /// <summary>The names of the engines that start runners of a backend.</summary>
    /// <param name="backend">The backend.</param>
    /// <param name="llamaEngine">The engine of models that name none; null: there is none.</param>
    public IReadOnlyList<string> EnginesOf(string backend, string? llamaEngine)
    {
        IEnumerable<string?> own = _settings.Models.Values.Where(model => model.Backend == backend).Select(static model => model.Engine?.Name);
        if (backend == Managed)
            own = [llamaEngine, .. own, .. _settings.Runners.Builds.Keys];
        return [.. own.OfType<string>().Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Explains why a backend that a route names cannot serve a model; null if it can, or if the route names none.</summary>
    public ApiError? Check(string? backend, ModelEntry model, RunnerMode mode)
    {
        if (backend is null || (backend == model.Settings.Backend && model.CanBeStarted(mode)))
            return null;
        if (!Names.Contains(backend, StringComparer.Ordinal))
            return ApiErrors.UnknownBackend(backend, Names);

        bool isAttached = _settings.AttachedRunners.Any(
            runner => runner.Backend == backend && runner.Model == model.Reference && runner.Mode == mode);
        return isAttached ? null : ApiError.NotFound(
            $"backend \"{backend}\" does not serve model \"{model.Reference}\" in mode {ModeText.Format(mode)}; "
            + "leave the backend out of the path",
            ApiErrors.ModelNotFound, "model");
    }

    private static IReadOnlyList<string> NamesIn(DaemonSettings settings) =>
    [
        .. settings.AttachedRunners.Select(static runner => runner.Backend).Concat(settings.Models.Values.Select(static model => model.Backend))
            .Order(StringComparer.Ordinal).Prepend(Managed).Distinct(StringComparer.Ordinal),
    ];
}
