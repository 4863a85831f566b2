using ModelRunner.LlamaHost.Diagnostics;
using ModelRunner.LlamaHost.Http.Completions;

namespace ModelRunner.LlamaHost.Http;

/// <summary>Finds the endpoint of a request, and turns failures into error responses.</summary>
internal sealed class HostRouter
{
    private static readonly HashSet<string> LlamaServerOnly = new(StringComparer.Ordinal)
    {
        "/rerank", "/reranking", "/v1/rerank", "/v1/reranking", "/v1/responses", "/responses", "/v1/messages", "/v1/messages/count_tokens",
        "/v1/audio/transcriptions", "/audio/transcriptions", "/completion", "/completions", "/embedding", "/embeddings", "/infill", "/slots", "/lora-adapters",
        "/v1/chat/completions/input_tokens", "/v1/responses/input_tokens",
    };

    private readonly HostState _state;
    private readonly Dictionary<string, (string Method, RequestDelegate Endpoint)> _routes;

    /// <summary>Lists the routes.</summary>
    public HostRouter(HostState state)
    {
        _state = state;
        RequestDelegate chat = new CompletionEndpoint(state, new ChatShape()).AnswerAsync;
        RequestDelegate embeddings = new EmbeddingsEndpoint(state).AnswerAsync;
        var tokens = new TokenEndpoints(state);
        RequestDelegate models = new ModelsEndpoint(state).AnswerAsync;
        _routes = new(StringComparer.Ordinal)
        {
            ["/health"] = (HttpMethods.Get, HealthEndpoint.AnswerAsync),
            ["/v1/health"] = (HttpMethods.Get, HealthEndpoint.AnswerAsync),
            ["/metrics"] = (HttpMethods.Get, new MetricsEndpoint(state).AnswerAsync),
            ["/props"] = (HttpMethods.Get, new PropsEndpoint(state).AnswerAsync),
            ["/models"] = (HttpMethods.Get, models),
            ["/v1/models"] = (HttpMethods.Get, models),
            ["/chat/completions"] = (HttpMethods.Post, chat),
            ["/v1/chat/completions"] = (HttpMethods.Post, chat),
            ["/v1/completions"] = (HttpMethods.Post, new CompletionEndpoint(state, new TextShape()).AnswerAsync),
            ["/v1/embeddings"] = (HttpMethods.Post, embeddings),
            ["/tokenize"] = (HttpMethods.Post, tokens.TokenizeAsync),
            ["/detokenize"] = (HttpMethods.Post, tokens.DetokenizeAsync),
            ["/apply-template"] = (HttpMethods.Post, tokens.ApplyTemplateAsync),
        };
    }

    /// <summary>Answers one request.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        try
        {
            // Until the model is loaded, every request gets 503, even one without a route, as in llama-server.
            _state.RequireEngine();
            RequestDelegate endpoint = Find(context.Request);
            if (IsPreload(context.Request))
                await JsonResponse.SendAsync(context, 200, "text/plain", ReadOnlyMemory<byte>.Empty);
            else
                await endpoint(context);
        }
        catch (ApiException error) when (!context.Response.HasStarted)
        {
            await JsonResponse.SendAsync(context, error);
        }
        catch (BadHttpRequestException failure) when (!context.Response.HasStarted)
        {
            await JsonResponse.SendAsync(context, new ApiException(failure.StatusCode, "invalid_request_error", failure.Message));
        }
        catch (Exception failure) when (failure is OperationCanceledException or IOException && context.RequestAborted.IsCancellationRequested)
        {
            // The client left: there is no response to send.
        }
        catch (Exception failure)
        {
            // Kestrel would send an empty body, or close the connection without a log line.
            HostLog.Error($"srv  operator(): {context.Request.Path} failed: {failure}");
            if (context.Response.HasStarted)
                context.Abort();
            else
                await JsonResponse.SendAsync(context, Describe(failure));
        }
    }

    private static ApiException Describe(Exception failure) => failure is OutOfMemoryException
        ? ApiException.Busy("there was too little memory for the request; try again later, or send less")
        : ApiException.Failed("llama-host failed because of an internal error; its log has the details");

    // The client only asks to load the model, which is already loaded.
    private static bool IsPreload(HttpRequest request) =>
        HttpMethods.IsPost(request.Method) && string.Equals(request.Headers["X-Preload-Only"], "true", StringComparison.OrdinalIgnoreCase);

    private RequestDelegate Find(HttpRequest request)
    {
        string path = request.Path.Value ?? "/";
        if (!_routes.TryGetValue(path, out (string Method, RequestDelegate Endpoint) route))
        {
            throw LlamaServerOnly.Contains(path)
                ? ApiException.NeedsLlamaServer($"\"{path}\"")
                : new ApiException(404, "not_found_error", "File Not Found");
        }

        bool isAllowed = string.Equals(request.Method, route.Method, StringComparison.OrdinalIgnoreCase)
            || (HttpMethods.IsHead(request.Method) && HttpMethods.IsGet(route.Method));
        if (isAllowed)
            return route.Endpoint;
        request.HttpContext.Response.Headers.Allow = route.Method;
        throw new ApiException(405, "invalid_request_error", $"\"{path}\" is asked with {route.Method}, not {request.Method}");
    }
}
