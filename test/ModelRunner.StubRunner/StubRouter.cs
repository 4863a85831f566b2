namespace ModelRunner.StubRunner;

/// <summary>Finds who answers a request.</summary>
internal sealed class StubRouter(StubArguments arguments, StubFaults faults, StubState state)
{
    private readonly CompletionEndpoint _completion = new(arguments, faults, state);
    private readonly ControlEndpoint _control = new(arguments, faults, state);
    private readonly EmbeddingEndpoint _embedding = new(arguments, faults, state);
    private readonly MetricsEndpoint _metrics = new(arguments, faults, state);
    private readonly ModelEndpoint _model = new(arguments, faults);
    private readonly RerankEndpoint _rerank = new(arguments, state);

    /// <summary>Answers one request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="response">Where the answer goes.</param>
    /// <param name="clientLeft">Cancelled when the client closes the connection.</param>
    public Task HandleAsync(StubRequest request, StubResponse response, CancellationToken clientLeft)
    {
        if (request.Path.StartsWith("/stub/", StringComparison.Ordinal))
            return _control.HandleAsync(request, response);
        if (!state.IsReady)
            return response.SendErrorAsync(503, "Loading model", "unavailable_error");

        return (request.Method, request.Path) switch
        {
            ("GET", "/health" or "/v1/health") => SendHealthAsync(response),
            ("GET", "/metrics") => _metrics.HandleAsync(response, clientLeft),
            ("GET", "/v1/models" or "/models") => _model.SendListAsync(response),
            ("GET", "/slots") => SendSlotsAsync(response, clientLeft),
            ("GET", "/props") => _model.SendPropertiesAsync(response),
            ("POST", "/v1/chat/completions" or "/v1/completions") => InferAsync(_completion.HandleAsync, request, response, clientLeft),
            ("POST", "/v1/embeddings") => InferAsync(_embedding.HandleAsync, request, response, clientLeft),
            ("POST", "/v1/rerank" or "/rerank" or "/v1/reranking") => InferAsync(_rerank.HandleAsync, request, response, clientLeft),
            ("POST", "/v1/messages" or "/v1/messages/count_tokens" or "/v1/responses" or "/tokenize" or "/detokenize" or "/apply-template" or "/infill"
                or "/v1/audio/speech" or "/v1/images/generations")
                => InferAsync(static (asked, answer, _) => answer.SendJsonAsync(200, $"{{\"route\":\"{asked.Path}\"}}"), request, response, clientLeft),
            _ => response.SendErrorAsync(404, "File Not Found", "not_found_error"),
        };
    }

    private async Task SendSlotsAsync(StubResponse response, CancellationToken clientLeft)
    {
        await Task.Delay(faults.Milliseconds("slots_delay_ms"), clientLeft);
        if (faults.Text("slots") is { } text)
        {
            await response.SendAsync(200, "application/json", System.Text.Encoding.UTF8.GetBytes(text), "");
            return;
        }

        await response.SendErrorAsync(501, "This server does not support slots endpoint.", "not_supported_error");
    }

    private async Task SendHealthAsync(StubResponse response)
    {
        await Task.Delay(faults.Milliseconds("health_delay_ms"));
        if (faults.Text("health_status") is not null)
            await response.SendErrorAsync((int)faults.Number("health_status"), "health", "server_error");
        else
            await response.SendJsonAsync(200, """{"status":"ok"}""");
    }

    private async Task InferAsync(
        Func<StubRequest, StubResponse, CancellationToken, Task> handle, StubRequest request, StubResponse response, CancellationToken clientLeft)
    {
        state.Enter();
        try
        {
            if (faults.Text("exit_at_request") is not null)
                Environment.Exit((int)faults.Number("exit_at_request"));
            if (faults.Text("signal_at_request") is not null)
                ProcessFaults.EndBySignal((int)faults.Number("signal_at_request"));
            if (faults.IsOn("hold_requests"))
                await state.Release.Task.WaitAsync(clientLeft);
            await Task.Delay(faults.Milliseconds("request_delay_ms"), clientLeft);

            if (faults.Text("request_status") is not null)
                await response.SendErrorAsync((int)faults.Number("request_status"), faults.Text("request_message") ?? "as asked for", "server_error");
            else
                await handle(request, response, clientLeft);
        }
        finally
        {
            state.Leave();
        }
    }
}
