using System.Text;
using ModelRunner.LlamaHost.Metrics;

namespace ModelRunner.LlamaHost.Http;

/// <summary><c>/metrics</c>: the engine's counters for Prometheus.</summary>
internal sealed class MetricsEndpoint(HostState state)
{
    /// <summary>Answers one request.</summary>
    public Task AnswerAsync(HttpContext context)
    {
        if (!state.Settings.HasMetrics)
            throw new ApiException(501, "not_supported_error", "This server does not support metrics endpoint. Start it with `--metrics`");
        RunningEngine engine = state.RequireEngine();
        string page = MetricsPage.Write(engine.Counters.Read(), engine.Load);
        return JsonResponse.SendAsync(context, 200, MetricsPage.ContentType, Encoding.UTF8.GetBytes(page));
    }
}
