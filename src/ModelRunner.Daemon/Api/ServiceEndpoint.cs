using System.Text;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Api;

/// <summary>The routes that identify the daemon: <c>/</c>, <c>/health</c> and <c>/version</c>.</summary>
internal sealed class ServiceEndpoint
{
    private static readonly string[] ReadMethods = [HttpMethods.Get, HttpMethods.Head];

    private readonly bool _hasMetrics;
    private byte[]? _greeting;

    /// <summary>Creates the endpoint.</summary>
    /// <param name="hasMetrics">Whether the daemon serves a metrics page.</param>
    public ServiceEndpoint(bool hasMetrics) => _hasMetrics = hasMetrics;

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMethods("/", ReadMethods, context => GreetAsync(context, routes)).AcceptsEveryKey();
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

    // At the first request, because other routes are mapped after this one. Two requests may both write the same text.
    private byte[] Greeting(IEndpointRouteBuilder routes) => _greeting ??= Encoding.UTF8.GetBytes(
        $"model-runner is running\n\n{RouteList.Write(routes.DataSources.SelectMany(static source => source.Endpoints))}\n"
        + "The routes that a model answers exist below /engines and /engines/BACKEND too.\n");

    private async Task GreetAsync(HttpContext context, IEndpointRouteBuilder routes)
    {
        byte[] greeting = Greeting(routes);
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.ContentLength = greeting.Length;
        await context.Response.Body.WriteAsync(greeting, context.RequestAborted);
    }
}
