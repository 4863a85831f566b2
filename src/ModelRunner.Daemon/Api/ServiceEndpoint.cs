using System.Text;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Api;

/// <summary>The routes that identify the daemon: <c>/</c>, <c>/health</c> and <c>/version</c>.</summary>
internal sealed class ServiceEndpoint
{
    private static readonly string[] ReadMethods = [HttpMethods.Get, HttpMethods.Head];

    private readonly byte[] _greeting;
    private readonly bool _hasMetrics;

    /// <summary>Creates the endpoint.</summary>
    /// <param name="hasMetrics">Whether the daemon serves a metrics page.</param>
    /// <param name="hasLlamaServer">Whether models run with llama-server, which serves more routes than the embedded engine.</param>
    public ServiceEndpoint(bool hasMetrics, bool hasLlamaServer)
    {
        _hasMetrics = hasMetrics;
        _greeting = Encoding.UTF8.GetBytes(
            $"""
            model-runner is running

            POST /v1/chat/completions  /v1/completions  /v1/embeddings
            POST /tokenize  /detokenize  /apply-template
            POST /v1/rerank  /v1/responses  /v1/messages  /infill{(hasLlamaServer ? "" : "  (only with llama-server or an attached runner)")}
            POST /v1/audio/speech  /v1/images/generations  (only with a server that has them)
            GET  /v1/models  /models  /engines/ps  /engines/status  /engines/decisions  /engines/requests
            GET  /engines/df  /usage  /logs{(hasMetrics ? "  /metrics" : "")}  /health  /version
            POST /engines/unload  /engines/_configure (also GET and DELETE)
            POST /models/create  /models/prune  /models/NAME/tag  /models/NAME/push
            DELETE /models/NAME  /models/purge

            """);
    }

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMethods("/", ReadMethods, GreetAsync).AcceptsEveryKey();
        if (!_hasMetrics)
            routes.Map("/metrics", static context => throw NoMetrics).Requires(KeyScopes.Metrics);
        routes.MapMethods("/version", ReadMethods, static context => JsonResponse.WriteAsync(context, StatusCodes.Status200OK, static json =>
        {
            json.WriteStartObject();
            json.WriteString("version"u8, BuildInformation.Version);
            if (BuildInformation.Revision is { } revision)
                json.WriteString("revision"u8, revision);
            json.WriteEndObject();
        })).AcceptsEveryKey();
        routes.MapMethods("/health", ReadMethods, static context => JsonResponse.WriteAsync(context, StatusCodes.Status200OK, static json =>
        {
            json.WriteStartObject();
            json.WriteString("status"u8, "ok"u8);
            json.WriteEndObject();
        })).AcceptsEveryKey();
    }

    private static ApiException NoMetrics => new(ApiError.NotFound(
        "metrics are switched off in this daemon (DISABLE_METRICS, --disable-metrics or metrics.disabled)", "metrics_disabled"));

    private async Task GreetAsync(HttpContext context)
    {
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.ContentLength = _greeting.Length;
        await context.Response.Body.WriteAsync(_greeting, context.RequestAborted);
    }
}
