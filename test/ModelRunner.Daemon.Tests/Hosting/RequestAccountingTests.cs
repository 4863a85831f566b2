using System.Net;
using System.Text.Json;
using ModelRunner.Daemon.Tests.Accounting;
using ModelRunner.Daemon.Tests.Gguf;
using ModelRunner.Daemon.Tests.Metrics;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>The requests and tokens on the page of the real daemon, judged by what its stub runners counted.</summary>
public sealed class RequestAccountingTests
{
    private const string Chat = "v1/chat/completions";
    private const string ChatModel = "model=\"tiny-chat:latest\"";
    private const string EmbedModel = "model=\"tiny-embed:latest\"";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Tokens_are_those_that_the_runner_counted()
    {
        await using DaemonFixture daemon = await StartAsync();
        string[] bodies =
        [
            """{"model":"tiny-chat","messages":[{"role":"user","content":"one two three"}]}""",
            """{"model":"tiny-chat","messages":[{"role":"user","content":"one two"}],"max_tokens":5,"stream":true}""",
            """{"model":"tiny-chat","messages":[{"role":"user","content":"one"}],"max_tokens":3,"stream":true,"stream_options":{"include_usage":true}}""",
        ];
        foreach (string body in bodies)
            await SendAsync(daemon, Chat, body);
        await SendAsync(daemon, "v1/completions", """{"model":"tiny-chat","prompt":"a b c d","max_tokens":2}""");
        (long prompt, long generated) = await JournalAsync(await daemon.RunnerProcessAsync());
        await SendAsync(daemon, "v1/embeddings", """{"model":"tiny-embed","input":["a b","c"]}""");
        AccountedPage page = await AccountedPage.ReadAsync(daemon);

        Assert.Equal((10, 18), (prompt, generated));
        Assert.Equal((prompt, generated), (page.Sum(AccountedPage.Tokens, ChatModel, "type=\"prompt\""), page.Sum(AccountedPage.Tokens, ChatModel, "type=\"generated\"")));
        Assert.Equal(3, page.Sum(AccountedPage.Tokens, EmbedModel, "mode=\"embedding\"", "type=\"prompt\""));
        Assert.Equal(4, page.Sum(AccountedPage.Requests, ChatModel, "outcome=\"completed\"", "status_class=\"2xx\""));
        Assert.Equal(4, page.Sum(AccountedPage.Sources, ChatModel, "source=\"timings\""));
        Assert.Equal(1, page.Sum(AccountedPage.Sources, EmbedModel, "source=\"usage\""));
        Assert.Equal((4, 4), (page.Sum(AccountedPage.Duration + "_count", ChatModel), page.Sum(AccountedPage.QueueWait + "_count", ChatModel)));
        Assert.Equal(1, page.Sum(AccountedPage.LoadWait + "_count", ChatModel));
        Assert.InRange(page.Sum(AccountedPage.LoadWait + "_sum", ChatModel), 1e-9, page.Sum(AccountedPage.QueueWait + "_sum", ChatModel));
        Assert.Equal((2, 2), (page.Sum(AccountedPage.FirstToken + "_count", ChatModel), page.Sum(AccountedPage.OutputToken + "_count", ChatModel)));
        Assert.Equal(page.Series, (await AccountedPage.ReadNowAsync(daemon)).Series);
    }

    [Fact]
    public async Task Requests_for_a_damaged_file_count_under_its_name_and_those_for_unknown_names_under_none()
    {
        using var folder = new TemporaryFolder();
        byte[] damaged = GgufBuilder.Llama().Build();
        damaged[0] = 0;
        folder.Write("cut.gguf", damaged);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            new DaemonSetup { Configuration = $$$"""{"models":{"cut":{"path":"{{{folder.Path}}}/cut.gguf"} }}""" });
        for (int i = 0; i < 2; i++)
            Assert.Equal(500, (await daemon.PostAsync(Chat, """{"model":"CUT","messages":[]}""")).Status);
        Assert.Equal(500, (await daemon.PostAsync("v1/embeddings", """{"model":"cut","input":"a"}""")).Status);
        Assert.Equal(404, (await daemon.PostAsync(Chat, """{"model":"cut-too","messages":[]}""")).Status);
        AccountedPage page = await AccountedPage.ReadAsync(daemon);

        const string Cut = "backend=\"llama.cpp\",model=\"cut:latest\"";
        Assert.Equal(2, page.Sum(AccountedPage.Requests, Cut, "mode=\"completion\"", "outcome=\"refused\"", "status_class=\"5xx\""));
        Assert.Equal(2, page.Sum(AccountedPage.Refused, Cut, "mode=\"completion\"", "reason=\"model_unusable\""));
        Assert.Equal(1, page.Sum(AccountedPage.Refused, Cut, "mode=\"embedding\"", "reason=\"model_unusable\""));
        Assert.Equal((1, 4), (page.Sum(AccountedPage.Requests, "outcome=\"invalid\""), page.Sum(AccountedPage.Requests)));
        Assert.DoesNotContain("cut-too", page.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Totals_continue_when_runners_are_unloaded_evicted_and_killed()
    {
        await using DaemonFixture daemon = await StartAsync(limits: """ "maxRunners": 1 """);
        const string Body = """{"model":"tiny-chat","messages":[{"role":"user","content":"one two three"}],"max_tokens":4}""";
        await SendAsync(daemon, Chat, Body);
        await SendAsync(daemon, "engines/unload", """{"all":true}""");
        await SendAsync(daemon, Chat, Body);
        await SendAsync(daemon, "v1/embeddings", """{"model":"tiny-embed","input":"a"}""");
        await SendAsync(daemon, Chat, Body);
        int killed = await daemon.RunnerProcessAsync();
        await DaemonFixture.SignalAsync(killed, "KILL");
        await ProcessTable.WaitUntilGoneAsync(killed, DaemonFixture.Patience);
        await SendAsync(daemon, Chat, Body);
        AccountedPage page = await AccountedPage.ReadAsync(daemon);

        Assert.Equal((12, 16), (page.Sum(AccountedPage.Tokens, ChatModel, "type=\"prompt\""), page.Sum(AccountedPage.Tokens, ChatModel, "type=\"generated\"")));
        Assert.Equal((4, 1), (page.Sum(AccountedPage.Requests, ChatModel), page.Sum(AccountedPage.Requests, EmbedModel)));
    }

    [Fact]
    public async Task A_stream_that_its_runner_breaks_off_counts_what_was_sent()
    {
        await using DaemonFixture daemon = await StartAsync("""{"break_stream_after": 3}""");
        await SendAsync(daemon, Chat, """{"model":"tiny-chat","messages":[{"role":"user","content":"one"}],"stream":true}""");
        AccountedPage page = await AccountedPage.ReadAsync(daemon);

        Assert.Equal(1, page.Sum(AccountedPage.Requests, ChatModel, "outcome=\"runner_failed\"", "status_class=\"2xx\""));
        Assert.Equal(
            (await JournalAsync(await daemon.RunnerProcessAsync())).Generated, page.Sum(AccountedPage.Tokens, ChatModel, "type=\"generated\""));
        Assert.Equal(3, page.Sum(AccountedPage.Tokens, ChatModel));
        Assert.Equal((1, 1), (page.Sum(AccountedPage.Sources, "source=\"events\""), page.Sum(AccountedPage.Sources)));
        Assert.Equal((1, 0), (page.Sum(AccountedPage.FirstToken + "_count"), page.Sum(AccountedPage.OutputToken + "_count")));
    }

    [Fact]
    public async Task A_runner_that_is_killed_in_the_middle_of_a_stream_has_failed()
    {
        await using DaemonFixture daemon = await StartAsync("""{"token_delay_ms": 20}""");
        using HttpResponseMessage response = await daemon.StreamAsync(
            Chat, """{"model":"tiny-chat","messages":[{"role":"user","content":"one"}],"max_tokens":100000,"stream":true}""");
        await using Stream stream = await response.Content.ReadAsStreamAsync(Cancellation);
        using var reader = new StreamReader(stream);
        await reader.ReadLineAsync(Cancellation);
        Assert.Equal(1, (await AccountedPage.ReadNowAsync(daemon)).Sum(AccountedPage.InFlight, ChatModel));
        await DaemonFixture.SignalAsync(await daemon.RunnerProcessAsync(), "KILL");
        string rest = await reader.ReadToEndAsync(Cancellation);
        AccountedPage page = await AccountedPage.ReadAsync(daemon);

        Assert.Equal(1, page.Sum(AccountedPage.Requests, ChatModel, "outcome=\"runner_failed\"", "status_class=\"2xx\""));
        Assert.Equal(1 + rest.Split("\"content\"").Length - 1, page.Sum(AccountedPage.Tokens, ChatModel, "type=\"generated\""));
    }

    [Fact]
    public async Task A_client_that_leaves_is_counted_with_the_tokens_so_far()
    {
        await using DaemonFixture daemon = await StartAsync("""{"token_delay_ms": 20}""");
        using (HttpResponseMessage response = await daemon.StreamAsync(
            Chat, """{"model":"tiny-chat","messages":[{"role":"user","content":"one"}],"max_tokens":100000,"stream":true}"""))
        {
            await using Stream stream = await response.Content.ReadAsStreamAsync(Cancellation);
            using var reader = new StreamReader(stream);
            for (int line = 0; line < 5; line++)
                await reader.ReadLineAsync(Cancellation);
        }

        AccountedPage page = await AccountedPage.ReadAsync(daemon);
        int process = await daemon.RunnerProcessAsync();
        await DaemonFixture.WaitUntilAsync(async () => (await JournalAsync(process)).Generated > 0, DaemonFixture.Patience);

        Assert.Equal(1, page.Sum(AccountedPage.Requests, ChatModel, "outcome=\"client_closed\"", "status_class=\"2xx\""));
        Assert.InRange(page.Sum(AccountedPage.Tokens, ChatModel, "type=\"generated\""), 3, (await JournalAsync(process)).Generated);
    }

    [Fact]
    public async Task A_start_that_fails_refuses_the_request_and_a_response_with_an_error_is_complete()
    {
        await using (DaemonFixture daemon = await StartAsync("""{"exit_at_start": 1}"""))
        {
            await SendAsync(daemon, Chat, """{"model":"tiny-chat","messages":[]}""", HttpStatusCode.BadGateway);
            AccountedPage page = await AccountedPage.ReadAsync(daemon);

            Assert.Equal(1, page.Sum(AccountedPage.Requests, ChatModel, "outcome=\"refused\"", "status_class=\"5xx\""));
            Assert.Equal((0, 0), (page.Sum(AccountedPage.Sources), page.Sum(AccountedPage.QueueWait + "_count")));
        }

        await using DaemonFixture other = await StartAsync("""{"request_status": 400}""");
        await SendAsync(other, Chat, """{"model":"tiny-chat","messages":[]}""", HttpStatusCode.BadRequest);
        AccountedPage refused = await AccountedPage.ReadAsync(other);

        Assert.Equal(1, refused.Sum(AccountedPage.Requests, ChatModel, "outcome=\"completed\"", "status_class=\"4xx\""));
        Assert.Equal(0, refused.Sum(AccountedPage.Sources));
    }

    [Theory]
    [InlineData("tiny-chat", HttpStatusCode.OK)]
    [InlineData("no-such-model", HttpStatusCode.NotFound)]
    public async Task A_request_that_only_loads_a_model_is_not_counted(string model, HttpStatusCode expected)
    {
        await using DaemonFixture daemon = await StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, Chat)
        {
            Content = new StringContent($$"""{"model":"{{model}}"}"""), Headers = { { "X-Preload-Only", "true" } },
        };
        using HttpResponseMessage response = await daemon.Client.SendAsync(request, Cancellation);

        Assert.Equal(expected, response.StatusCode);
        Assert.Empty((await AccountedPage.ReadAsync(daemon)).Series);
    }

    [Fact]
    public async Task Ten_thousand_names_make_one_series()
    {
        await using DaemonFixture daemon = await StartAsync();
        Assert.Empty((await AccountedPage.ReadAsync(daemon)).Series);

        var options = new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Cancellation };
        await Parallel.ForEachAsync(Enumerable.Range(0, 10_000), options, async (number, _) =>
        {
            string path = number % 10 == 0 ? $"engines/backend{number}/{Chat}" : number % 10 == 1 ? $"v1/none{number}" : Chat;
            string model = number % 10 == 0 ? "tiny-chat" : $"name{number}";
            await SendAsync(daemon, path, $$"""{"model":"{{model}}"}""", HttpStatusCode.NotFound);
        });

        // A path that does not exist is no inference request.
        Assert.Equal(
            ["model_runner_requests_total{outcome=\"invalid\",status_class=\"4xx\"} 9000"], (await AccountedPage.ReadAsync(daemon)).Series);
    }

    [Fact]
    public async Task The_histograms_are_valid_in_both_formats()
    {
        await using DaemonFixture daemon = await StartAsync();
        await SendAsync(daemon, Chat, """{"model":"tiny-chat","messages":[{"role":"user","content":"one"}],"stream":true}""");
        AccountedPage page = await AccountedPage.ReadAsync(daemon);
        PageRules.Check(System.Text.Encoding.UTF8.GetBytes(page.Text));
        using var request = new HttpRequestMessage(HttpMethod.Get, "metrics");
        request.Headers.TryAddWithoutValidation("Accept", "application/openmetrics-text;version=1.0.0");
        using HttpResponseMessage response = await daemon.Client.SendAsync(request, Cancellation);
        string open = await response.Content.ReadAsStringAsync(Cancellation);

        foreach (string name in (string[])[AccountedPage.Duration, AccountedPage.FirstToken, AccountedPage.OutputToken, AccountedPage.QueueWait, AccountedPage.LoadWait])
        {
            Assert.Contains($"# TYPE {name} histogram\n", page.Text, StringComparison.Ordinal);
            Assert.Contains($"# TYPE {name} histogram\n# UNIT {name} seconds\n", open, StringComparison.Ordinal);
            Assert.Equal(1, new AccountedPage(open).Sum($"{name}_bucket", "le=\"+Inf\""));
            Assert.Equal(1, new AccountedPage(open).Sum($"{name}_count"));
        }

        Assert.Contains("le=\"1.0\"", open, StringComparison.Ordinal);
    }

    private static Task<DaemonFixture> StartAsync(string chatFaults = "{}", string limits = "") => DaemonFixture.StartAsync(new DaemonSetup
    {
        Configuration = $$"""{ "metrics": { "minInterval": "0s" }, "limits": { {{limits}} } }""",
    }.WithFaults(chatFaults));

    private static async Task SendAsync(DaemonFixture daemon, string path, string body, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using HttpResponseMessage response = await daemon.SendAsync(path, body, HttpCompletionOption.ResponseContentRead, Cancellation);
        Assert.Equal(expected, response.StatusCode);
    }

    private static async Task<(long Prompt, long Generated)> JournalAsync(int process)
    {
        JsonElement state = await DaemonFixture.StubStateAsync(process);
        return (state.GetProperty("promptTokens").GetInt64(), state.GetProperty("predictedTokens").GetInt64());
    }
}
