using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Engines;
using ModelRunner.Daemon.Inference;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Responses;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Api;

/// <summary>Shows what is running: <c>/engines/ps</c> lists runners, <c>/engines/status</c> lists backends.</summary>
internal sealed class RunnersEndpoint(
    RunnerPool pool, ModelCatalog catalog, BackendDirectory backends, AttachedHealth health, EngineReport engines, CauseText causes)
{
    private static readonly Task<IReadOnlyDictionary<string, string>> NoVersions =
        Task.FromResult<IReadOnlyDictionary<string, string>>(new Dictionary<string, string>(StringComparer.Ordinal));

    private static readonly string[] ReadMethods = [HttpMethods.Get, HttpMethods.Head];

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMethods(
            "/engines/ps", ReadMethods, context => HandleAsync(context, isStatus: false, static (json, runners, _) => WriteRunners(json, runners)))
            .Requires(KeyScopes.Admin);
        routes.MapMethods("/engines/status", ReadMethods, context =>
        {
            // What failed has the name of a model, which this caller may not be allowed to see.
            bool hasNames = !Caller.Of(context).HasOnlySomeModels;
            return HandleAsync(context, isStatus: true, (json, runners, versions) => WriteBackends(json, runners, versions, hasNames));
        }).AcceptsEveryKey();
    }

    private async Task HandleAsync(
        HttpContext context, bool isStatus, Action<Utf8JsonWriter, IReadOnlyList<RunnerView>, IReadOnlyDictionary<string, string>> write)
    {
        // A runner that tells its version needs no other answer.
        bool needsVersions = isStatus || pool.Runners.Any(static runner => runner is { Program: not null, Receipt: null or { EngineVersion: null } });
        Task<IReadOnlyDictionary<string, string>> asking = needsVersions ? engines.ReadVersionsAsync() : NoVersions;
        await catalog.LookAsync(context.RequestAborted);
        IReadOnlyDictionary<RunnerId, AttachedState> unfit = await health.FindUnavailableAsync(pool.Runners);
        IReadOnlyDictionary<string, string> versions = await asking;
        RunnerView[] runners = [.. pool.Runners.Select(runner => View(runner, unfit.GetValueOrDefault(runner.Id), versions))];
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, json => write(json, runners, versions));
    }

    private RunnerView View(RunnerSnapshot runner, AttachedState attached, IReadOnlyDictionary<string, string> versions)
    {
        // What a runner tells of itself counts: the program may have been replaced since its start.
        string? outdated = engines.FindChange(runner);
        string? version = runner.Receipt?.EngineVersion
            ?? (runner.Program is not null && outdated is null ? versions.GetValueOrDefault(runner.Engine) : null);
        return new RunnerView(runner, attached, causes) { Outdated = outdated, EngineVersion = version };
    }

    private static void WriteRunners(Utf8JsonWriter json, IReadOnlyList<RunnerView> runners)
    {
        json.WriteStartArray();
        foreach (RunnerView runner in runners)
            RunnersResponse.WriteRunner(json, runner);
        json.WriteEndArray();
    }

    private void WriteBackends(
        Utf8JsonWriter json, IReadOnlyList<RunnerView> runners, IReadOnlyDictionary<string, string> versions, bool hasNames)
    {
        json.WriteStartObject();
        foreach (string backend in backends.Names)
        {
            IEnumerable<string> named = backends.EnginesOf(backend, pool.Engine)
                .Select(engine => versions.TryGetValue(engine, out string? version) ? $"{engine} {version}" : engine);
            json.WriteString(backend, BackendResponse.Describe(backend, [.. named], runners, hasNames));
        }

        json.WriteEndObject();
    }
}
