using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Responses;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Inference;

/// <summary>The backends that routes may name: the backend of managed runners, and those of attached runners.</summary>
internal sealed class BackendDirectory(DaemonSettings settings)
{
    /// <summary>The backend of every managed runner.</summary>
    public const string Managed = "llama.cpp";

    /// <summary>All backends, the managed one first.</summary>
    public IReadOnlyList<string> Names { get; } =
    [
        .. settings.AttachedRunners.Select(static runner => runner.Backend)
            .Order(StringComparer.Ordinal).Prepend(Managed).Distinct(StringComparer.Ordinal),
    ];

    /// <summary>Explains why a backend that a route names cannot serve a model; null if it can, or if the route names none.</summary>
    public ApiError? Check(string? backend, ModelEntry model, RunnerMode mode)
    {
        if (backend is null || (backend == Managed && model.Path is not null))
            return null;
        if (!Names.Contains(backend, StringComparer.Ordinal))
            return ApiErrors.UnknownBackend(backend, Names);

        bool isAttached = settings.AttachedRunners.Any(
            runner => runner.Backend == backend && runner.Model == model.Reference && runner.Mode == mode);
        return isAttached ? null : ApiError.NotFound(
            $"backend \"{backend}\" does not serve model \"{model.Reference}\" in mode {ModeText.Format(mode)}; "
            + "leave the backend out of the path",
            "model_not_found", "model");
    }
}
