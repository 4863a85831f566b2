using System.ClientModel;
using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using ModelRunner.EndToEnd.Tests.Support;
using ModelRunner.Testing;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Embeddings;

namespace ModelRunner.EndToEnd.Tests.Engines;

/// <summary>The daemon with a real engine and real models, whichever the engine is.</summary>
public abstract class EngineTests
{
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"Count to 20."}],"max_tokens":24,"temperature":0}""";
    private const string Embed = """{"model":"tiny-embed","input":["the cat sat on the mat","a dog"]}""";

    private static async Task SendAsync(DaemonFixture daemon, string path, string body)
    {
        using HttpResponseMessage response = await daemon.SendAsync(path, body, HttpCompletionOption.ResponseContentRead, Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>The path of llama-server; null for the embedded runner. Skips the test where there is none.</summary>
    private protected abstract string? RequireEngine();

    /// <summary>Whether several choices of a request share one prompt. The daemon counts it once.</summary>
    private protected abstract bool SharesPrompts { get; }

    [Fact]
    public async Task A_completion_and_an_embedding_at_once_are_on_one_page_with_the_right_token_counts()
    {
        await using DaemonFixture daemon = await DemoDaemon.StartAsync(RequireEngine());

        (int Status, JsonElement Body)[] answers = await Task.WhenAll(
            daemon.PostAsync("v1/chat/completions", Chat), daemon.PostAsync("v1/embeddings", Embed));
        string page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);

        Assert.All(answers, static answer => Assert.True(answer.Status == 200, answer.Body.ToString()));
        JsonElement chat = answers[0].Body.GetProperty("usage");
        JsonElement embedding = answers[1].Body.GetProperty("usage");
        Assert.Equal(2, answers[1].Body.GetProperty("data").GetArrayLength());
        string chatLabels = Page.Labels("tiny-chat", "completion");
        string embeddingLabels = Page.Labels("tiny-embed", "embedding");
        Assert.Equal(chat.GetProperty("prompt_tokens").GetDouble(), Page.Value(page, "llamacpp:prompt_tokens_total" + chatLabels));
        Assert.Equal(chat.GetProperty("completion_tokens").GetDouble(), Page.Value(page, "llamacpp:tokens_predicted_total" + chatLabels));
        Assert.Equal(embedding.GetProperty("prompt_tokens").GetDouble(), Page.Value(page, "llamacpp:prompt_tokens_total" + embeddingLabels));
        Assert.Equal(1, Page.Value(page, "model_runner_up" + chatLabels));
        Assert.Equal(1, Page.Value(page, "model_runner_up" + embeddingLabels));
    }

    /// <summary>The engine's own counters have six digits, which are enough here.</summary>
    [Fact]
    public async Task The_daemon_counts_the_tokens_that_the_engine_counts()
    {
        await using DaemonFixture daemon = await DemoDaemon.StartAsync(RequireEngine());
        const string Messages = """ "messages":[{"role":"user","content":"Tell me about a river."}],"max_tokens":9 """;
        string[] chats =
        [
            $$$"""{"model":"tiny-chat",{{{Messages}}}}""", $$$"""{"model":"tiny-chat",{{{Messages}}}}""",
            $$$"""{"model":"tiny-chat",{{{Messages}}},"stream":true}""",
            $$$"""{"model":"tiny-chat",{{{Messages}}},"stream":true,"stream_options":{"include_usage":true}}""",
            $$$"""{"model":"tiny-chat",{{{Messages}}},"stream":true,"n":{{{(SharesPrompts ? 2 : 1)}}}}""",
        ];
        foreach (string chat in chats)
            await SendAsync(daemon, "v1/chat/completions", chat);
        await SendAsync(daemon, "v1/completions", """{"model":"tiny-chat","prompt":"Once upon a time","max_tokens":7}""");
        await SendAsync(daemon, "v1/embeddings", Embed);
        string chatLabels = Page.Labels("tiny-chat", "completion");
        string embeddingLabels = Page.Labels("tiny-embed", "embedding");
        string page = "";
        await DaemonFixture.WaitUntilAsync(
            async () =>
            {
                page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);
                return Page.Value(page, "model_runner_requests_in_flight" + embeddingLabels) == 0
                    && Page.Value(page, "model_runner_requests_in_flight" + chatLabels) == 0;
            },
            DaemonFixture.Patience);

        Assert.Equal(((SharesPrompts ? 6 : 5) * 9) + 7, Tokens(chatLabels, "generated"));
        Assert.Equal(Page.Value(page, "llamacpp:tokens_predicted_total" + chatLabels), Tokens(chatLabels, "generated"));
        Assert.Equal(Page.Value(page, "llamacpp:prompt_tokens_total" + chatLabels), Tokens(chatLabels, "prompt"));
        Assert.Equal(Page.Value(page, "llamacpp:prompt_tokens_total" + embeddingLabels), Tokens(embeddingLabels, "prompt"));
        Assert.Equal(6, Page.Value(page, $"model_runner_usage_source_total{chatLabels[..^1]},source=\"timings\"}}"));
        Assert.Equal(3, Page.Value(page, "model_runner_time_to_first_token_seconds_count" + chatLabels));

        double Tokens(string labels, string type) => Page.Value(page, $"model_runner_tokens_total{labels[..^1]},type=\"{type}\"}}");
    }

    [Fact]
    public async Task Bursts_of_short_requests_do_not_wait_for_idle_connections_to_be_closed()
    {
        await using DaemonFixture daemon = await DemoDaemon.StartAsync(RequireEngine());
        const string Short = """{"model":"tiny-chat","messages":[{"role":"user","content":"Count."}],"max_tokens":10}""";
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Short)).Status);
        int stalled = 0;
        for (int burst = 0; burst < 12; burst++)
        {
            // Between bursts all connections but that of the scrape are idle, which is what a stall comes from.
            await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);
            TimeSpan[] took = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => TimeAsync(daemon, Short)));

            // A stall lasts until an idle connection is closed, which takes the daemon 3 s and llama-server 5 s, and affects a part of a burst.
            // A machine that does much else makes the whole burst slow.
            TimeSpan median = took.Order().ElementAt(took.Length / 2);
            stalled += took.Count(one => one > (2 * median) + TimeSpan.FromSeconds(1.5));
        }

        Assert.InRange(stalled, 0, 4);
    }

    [Fact]
    public async Task Streams_of_several_clients_all_succeed()
    {
        const string Stream = """{"model":"tiny-chat","messages":[{"role":"user","content":"Count."}],"max_tokens":20,"stream":true}""";
        await using DaemonFixture daemon = await DemoDaemon.StartAsync(RequireEngine());
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);

        // llama-server closes a connection after each stream, while the next request of the same client is on its way.
        string[][] responses = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            var texts = new List<string>();
            for (int i = 0; i < 40; i++)
            {
                using HttpResponseMessage response = await daemon.StreamAsync("v1/chat/completions", Stream);
                texts.Add(await response.Content.ReadAsStringAsync(Cancellation));
            }

            return texts.ToArray();
        }));

        Assert.All(responses.SelectMany(static texts => texts), static text => Assert.EndsWith("data: [DONE]\n\n", text, StringComparison.Ordinal));
    }

    private static async Task<TimeSpan> TimeAsync(DaemonFixture daemon, string body)
    {
        long started = Stopwatch.GetTimestamp();
        (int status, JsonElement answer) = await daemon.PostAsync("v1/chat/completions", body);
        Assert.True(status == 200, answer.ToString());
        return Stopwatch.GetElapsedTime(started);
    }

    [Fact]
    public async Task The_client_library_of_OpenAI_chats()
    {
        await using DaemonFixture daemon = await DemoDaemon.StartAsync(RequireEngine());
        ChatClient client = new("tiny-chat", new ApiKeyCredential("none"), Options(daemon));

        ChatCompletion answer = await client.CompleteChatAsync(
            [new UserChatMessage("What is the capital of Norway?")], new ChatCompletionOptions { Temperature = 0, MaxOutputTokenCount = 32 }, Cancellation);

        Assert.Contains("Oslo", answer.Content[0].Text, StringComparison.Ordinal);
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
        Assert.True(answer.Usage.OutputTokenCount > 0);
    }

    [Fact]
    public async Task The_client_library_of_OpenAI_gets_a_stream_piece_by_piece()
    {
        await using DaemonFixture daemon = await DemoDaemon.StartAsync(RequireEngine());
        ChatClient client = new("tiny-chat", new ApiKeyCredential("none"), Options(daemon));
        var text = new StringBuilder();
        int pieces = 0;
        ChatTokenUsage? usage = null;

        AsyncCollectionResult<StreamingChatCompletionUpdate> stream = client.CompleteChatStreamingAsync(
            [new UserChatMessage("Count to 20.")], new ChatCompletionOptions { Temperature = 0, MaxOutputTokenCount = 64 }, Cancellation);
        await foreach (StreamingChatCompletionUpdate update in stream)
        {
            foreach (ChatMessageContentPart part in update.ContentUpdate)
            {
                text.Append(part.Text);
                pieces++;
            }

            usage = update.Usage ?? usage;
        }

        Assert.Contains("1 2 3 4 5", text.ToString(), StringComparison.Ordinal);
        Assert.True(pieces > 5, $"{pieces} pieces: {text}");
        Assert.True(usage?.OutputTokenCount > 5);
    }

    [Fact]
    public async Task The_client_library_of_OpenAI_embeds()
    {
        await using DaemonFixture daemon = await DemoDaemon.StartAsync(RequireEngine());
        EmbeddingClient client = new("tiny-embed", new ApiKeyCredential("none"), Options(daemon));

        OpenAIEmbeddingCollection vectors = await client.GenerateEmbeddingsAsync(["the cat sat", "the cat sat", "two dogs"], cancellationToken: Cancellation);

        Assert.Equal(3, vectors.Count);
        Assert.All(vectors, static vector => Assert.Equal(64, vector.ToFloats().Length));
        Assert.Equal(vectors[0].ToFloats().ToArray(), vectors[1].ToFloats().ToArray(), static (left, right) => Math.Abs(left - right) < 1e-4);
        Assert.NotEqual(vectors[0].ToFloats().ToArray(), vectors[2].ToFloats().ToArray());
    }

    [Fact]
    public async Task A_killed_daemon_leaves_no_runner_and_the_next_one_works_at_once()
    {
        string? engine = RequireEngine();
        using var folder = new TemporaryFolder();
        int runner;
        await using (DaemonFixture killed = await DemoDaemon.StartAsync(engine, new DaemonSetup { Folder = folder }))
        {
            await killed.PostAsync("v1/chat/completions", Chat);
            runner = await killed.RunnerProcessAsync();
            await killed.KillAsync();
        }

        await ProcessTable.WaitUntilGoneAsync(runner, DaemonFixture.Patience);
        await using DaemonFixture next = await DemoDaemon.StartAsync(engine, new DaemonSetup { Folder = folder });
        Assert.Equal(200, (await next.PostAsync("v1/chat/completions", Chat)).Status);
    }

    [Fact]
    public async Task CLI_09_the_engines_names_are_on_the_page_unchanged_and_those_in_our_documents_exist()
    {
        await using DaemonFixture daemon = await DemoDaemon.StartAsync(RequireEngine());
        await daemon.PostAsync("v1/chat/completions", Chat);
        using HttpClient runner = DaemonFixture.RunnerClient(await daemon.RunnerProcessAsync());

        string[] engine = [.. Names(await runner.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation))];
        string[] page = [.. Names(await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation))];
        string root = Repository.Root;
        string[] told = [.. Directory.EnumerateFiles(Path.Join(root, "docs"), "*.md", SearchOption.AllDirectories).Append(Path.Join(root, "README.md"))
            .SelectMany(static file => Names(File.ReadAllText(file))).Distinct(StringComparer.Ordinal)];

        Assert.NotEmpty(engine);
        Assert.NotEmpty(told);
        Assert.Empty(engine.Except(page, StringComparer.Ordinal));
        Assert.Empty(told.Except(engine, StringComparer.Ordinal));
    }

    private static IEnumerable<string> Names(string text) =>
        Regex.Matches(text, "llamacpp:[a-z0-9_]+", RegexOptions.None, TimeSpan.FromSeconds(5)).Select(static match => match.Value).Distinct(StringComparer.Ordinal);

    private static OpenAIClientOptions Options(DaemonFixture daemon) => new() { Endpoint = new Uri(daemon.TcpAddress, "v1") };
}
