using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace ModelRunner.StubRunner;

/// <summary>Chat and text completions. It answers <c>word1 word2 …</c>, as many words as <c>max_tokens</c> asks for.</summary>
internal sealed class CompletionEndpoint(StubArguments arguments, StubFaults faults, StubState state)
{
    private const int DefaultTokens = 8;

    private bool HasTimings => !faults.IsOn("omit_usage") && !faults.IsOn("usage_on_request");

    public async Task HandleAsync(StubRequest request, StubResponse response, CancellationToken clientLeft)
    {
        JsonElement body;
        try
        {
            using var document = JsonDocument.Parse(request.Body);
            body = document.RootElement.Clone();
        }
        catch (JsonException)
        {
            await response.SendErrorAsync(500, "parse error", "server_error");
            return;
        }

        bool isChat = request.Path.EndsWith("chat/completions", StringComparison.Ordinal);
        int prompt = body.TryGetProperty(isChat ? "messages" : "prompt", out JsonElement input) ? TokenCount.Of(input) : 0;
        if (prompt > arguments.ContextSize / arguments.Slots)
        {
            await response.SendErrorAsync(400, "the request exceeds the available context size", "exceed_context_size_error");
            return;
        }

        int cached = (int)Math.Min(prompt, faults.Number("cached_tokens"));
        var generation = new Generation(isChat, arguments.ModelName, prompt - cached, Limit(body), Stopwatch.StartNew())
        {
            User = StubJournal.UserOf(body), CachedTokens = cached, Choices = Choices(body), UsageError = (int)faults.Number("usage_error"), CallsTool = faults.IsOn("tool_call"),
            IsTruncated = faults.IsOn("truncated"),
        };
        state.Counters.CountPrompt(prompt - cached);
        try
        {
            if (body.TryGetProperty("stream", out JsonElement stream) && stream.ValueKind == JsonValueKind.True)
                await StreamAsync(generation, WantsUsage(body), response, clientLeft);
            else
                await AnswerAsync(generation, response, clientLeft);
        }
        finally
        {
            Count(generation);
        }
    }

    // Once, and before the last bytes go out: a client that has its answer finds it counted.
    private void Count(Generation generation)
    {
        if (!generation.TryCount())
            return;
        state.Counters.CountPredicted(generation.PromptTokens, generation.Generated * generation.Choices);
        if (!generation.HasMore)
            StubJournal.Write(faults, generation.User, generation.PromptTokens, generation.Generated * generation.Choices);
    }

    private static int Limit(JsonElement body)
    {
        foreach (string name in (ReadOnlySpan<string>)["max_completion_tokens", "max_tokens", "n_predict"])
            if (body.TryGetProperty(name, out JsonElement limit) && limit.TryGetInt32(out int tokens) && tokens > 0)
                return tokens;

        return DefaultTokens;
    }

    private static int Choices(JsonElement body) => body.TryGetProperty("n", out JsonElement n) && n.TryGetInt32(out int choices) ? choices : 1;

    private static bool WantsUsage(JsonElement body) =>
        body.TryGetProperty("stream_options", out JsonElement options) && options.ValueKind == JsonValueKind.Object
        && options.TryGetProperty("include_usage", out JsonElement usage) && usage.ValueKind == JsonValueKind.True;

    private async Task AnswerAsync(Generation generation, StubResponse response, CancellationToken clientLeft)
    {
        var text = new StringBuilder();
        while (generation.HasMore)
        {
            await GenerateAsync(generation.Choices, clientLeft);
            text.Append(generation.Next());
        }

        Count(generation);
        await response.SendJsonAsync(200, generation.WriteWhole(text.ToString(), !faults.IsOn("omit_usage"), HasTimings));
    }

    private async Task StreamAsync(Generation generation, bool wantsUsage, StubResponse response, CancellationToken clientLeft)
    {
        await response.SendHeadAsync(200, "text/event-stream", "Transfer-Encoding: chunked\r\n");
        long breakAfter = faults.Text("break_stream_after") is null ? long.MaxValue : faults.Number("break_stream_after");
        while (generation.HasMore)
        {
            if (generation.Generated >= breakAfter)
            {
                response.Close();
                return;
            }

            await GenerateAsync(generation.Choices, clientLeft);
            string text = generation.Next();
            for (int choice = 0; choice < generation.Choices; choice++)
                await SendEventAsync(response, generation.WriteDelta(choice, text));
        }

        Count(generation);
        for (int choice = 0; choice < generation.Choices; choice++)
        {
            await SendEventAsync(response, generation.WriteEnd(choice, HasTimings));
            if (wantsUsage)
                await SendEventAsync(response, generation.WriteUsage(HasTimings));
        }

        await response.SendChunkAsync("data: [DONE]\n\n"u8.ToArray());
        await response.SendLastChunkAsync();
    }

    private static Task SendEventAsync(StubResponse response, string json) => response.SendChunkAsync(Encoding.UTF8.GetBytes($"data: {json}\n\n"));

    /// <summary>Takes a token's time. Once the process was told to end it takes for ever, as llama-server does until the client leaves.</summary>
    private async Task GenerateAsync(int tokens, CancellationToken clientLeft)
    {
        if (!state.Stopping.IsCancellationRequested && faults.Milliseconds("token_delay_ms") is { Ticks: > 0 } delay)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(clientLeft, state.Stopping.Token);
            await Task.Delay(delay, either.Token).ContinueWith(
                static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        clientLeft.ThrowIfCancellationRequested();
        if (state.Stopping.IsCancellationRequested)
            await Task.Delay(Timeout.InfiniteTimeSpan, clientLeft);
        for (int token = 0; token < tokens; token++)
            state.Counters.CountGenerated();
    }
}
