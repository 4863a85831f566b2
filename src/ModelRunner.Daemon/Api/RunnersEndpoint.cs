using System.Text.Json;
using ModelRunner.Daemon.Runners;

namespace ModelRunner.Daemon.Api;

/// <summary>Shows what runs: <c>/engines/ps</c> runner by runner, <c>/engines/status</c> backend by backend.</summary>
internal sealed class RunnersEndpoint(RunnerPool pool, BackendDirectory backends)
{
    private static readonly string[] Reading = [HttpMethods.Get, HttpMethods.Head];

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMethods("/engines/ps", Reading, context =>
            JsonAnswer.WriteAsync(context, StatusCodes.Status200OK, WriteRunners));
        routes.MapMethods("/engines/status", Reading, context =>
            JsonAnswer.WriteAsync(context, StatusCodes.Status200OK, WriteBackends));
    }

    private void WriteRunners(Utf8JsonWriter json)
    {
        json.WriteStartArray();
        foreach (RunnerSnapshot runner in pool.Runners)
            RunnersAnswer.WriteRunner(json, runner);
        json.WriteEndArray();
    }

    private void WriteBackends(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        foreach (string backend in backends.Names)
            json.WriteString(backend, RunnersAnswer.DescribeBackend(backend, pool.Engine, pool.Runners));
        json.WriteEndObject();
    }
}
