using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Inference;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Responses;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Api;

/// <summary>Shows what is running: <c>/engines/ps</c> lists runners, <c>/engines/status</c> lists backends.</summary>
internal sealed class RunnersEndpoint(RunnerPool pool, BackendDirectory backends, AttachedHealth health, CauseText causes)
{
    private static readonly string[] ReadMethods = [HttpMethods.Get, HttpMethods.Head];

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMethods("/engines/ps", ReadMethods, context => HandleAsync(context, WriteRunners)).Requires(KeyScopes.Admin);
        routes.MapMethods("/engines/status", ReadMethods, context =>
        {
            // What failed has the name of a model, which this caller may not be allowed to see.
            bool hasNames = !Caller.Of(context).HasOnlySomeModels;
            return HandleAsync(context, (json, runners) => WriteBackends(json, runners, hasNames));
        }).AcceptsEveryKey();
    }

    private async Task HandleAsync(HttpContext context, Action<Utf8JsonWriter, IReadOnlyList<RunnerView>> write)
    {
        IReadOnlyDictionary<RunnerId, AttachedState> unfit = await health.FindUnavailableAsync(pool.Runners);
        RunnerView[] runners = [.. pool.Runners.Select(runner => new RunnerView(runner, unfit.GetValueOrDefault(runner.Id), causes))];
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, json => write(json, runners));
    }

    private static void WriteRunners(Utf8JsonWriter json, IReadOnlyList<RunnerView> runners)
    {
        json.WriteStartArray();
        foreach (RunnerView runner in runners)
            RunnersResponse.WriteRunner(json, runner);
        json.WriteEndArray();
    }

    private void WriteBackends(Utf8JsonWriter json, IReadOnlyList<RunnerView> runners, bool hasNames)
    {
        json.WriteStartObject();
        foreach (string backend in backends.Names)
            json.WriteString(backend, BackendResponse.Describe(backend, backends.EnginesOf(backend, pool.Engine), runners, hasNames));
        json.WriteEndObject();
    }
}
