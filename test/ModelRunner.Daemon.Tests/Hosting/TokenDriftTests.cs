using System.Net;
using ModelRunner.Daemon.Tests.Accounting;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>The drift that the real daemon shows, with stub runners that count rightly and report wrongly.</summary>
public sealed class TokenDriftTests
{
    private const string Drift = "model_runner_token_drift";
    private const string Chat = "v1/chat/completions";
    private const string Words = """ "model":"tiny-chat","messages":[{"role":"user","content":"one two three"}],"max_tokens":5 """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Each fault, more members of the request, and the drift of its response: runner (prompt, generated), usage (prompt, generated).</summary>
    private static IReadOnlyList<(string Faults, string Members, int[] Drift)> Faults { get; } =
    [
        ("{}", "", [0, 0, 0, 0]),
        ("{}", ""","stream":true""", [0, 0]),
        ("{}", ""","stream":true,"stream_options":{"include_usage":true}""", [0, 0, 0, 0]),
        ("""{"tool_call":1}""", "", [0, 0, 0, 0]),
        ("""{"tool_call":1}""", ""","stream":true""", [0, 0]),
        ("""{"cached_tokens":2}""", "", [0, 0, 0, 0]),
        ("""{"cached_tokens":3}""", ""","stream":true,"stream_options":{"include_usage":true}""", [0, 0, 0, 0]),
        ("""{"usage_on_request":1,"cached_tokens":2}""", "", [0, 0]),
        ("{}", ""","n":3,"stream":true""", [0, 0]),
        ("{}", ""","n":3,"stream":true,"stream_options":{"include_usage":true}""", [0, 0]),

        // Of several choices in one JSON only the first one is reported.
        ("{}", ""","n":3""", [0, -10, 0, 0]),

        // Nothing is reported, or the words of a stream can be counted but not its prompt.
        ("""{"omit_usage":1}""", "", [-3, -5]),
        ("""{"omit_usage":1}""", ""","stream":true""", [-3, 0]),

        // The usage is wrong: beside timings it is not counted, without them it is.
        ("""{"usage_error":7}""", "", [0, 0, 0, -7]),
        ("""{"usage_error":-2}""", ""","stream":true,"stream_options":{"include_usage":true}""", [0, 0, 0, 2]),
        ("""{"usage_error":7,"usage_on_request":1}""", "", [0, 7]),
        ("""{"usage_error":-2,"usage_on_request":1}""", ""","stream":true,"stream_options":{"include_usage":true}""", [0, -2]),
    ];

    [Fact]
    public async Task The_drift_is_the_injected_error()
    {
        await using DaemonFixture daemon = await StartAsync("{}");
        int[] total = [0, 0, 0, 0];
        foreach ((string faults, string members, int[] drift) in Faults)
        {
            // A runner reads its faults when it starts.
            await File.WriteAllTextAsync(Path.Join(daemon.FolderPath, "models", "tiny-chat.gguf.stub.json"), faults, Cancellation);
            string body = $"{{{Words}{members}}}";
            await SendAsync(daemon, Chat, body);
            await SendAsync(daemon, Chat, body);
            Add(total, drift, 2);
            Assert.Equal((faults, members, Join(total)), (faults, members, await DriftAsync(daemon)));

            // The runner is read once more before it is stopped, and its successor starts at zero.
            await SendAsync(daemon, Chat, body);
            await SendAsync(daemon, "engines/unload", """{"all":true}""");
            Add(total, drift, 1);
            Assert.Equal((faults, members, Join(total)), (faults, members, Values(await AccountedPage.ReadAsync(daemon))));
        }
    }

    [Fact]
    public async Task A_runner_that_lives_between_two_scrapes_is_compared()
    {
        await using DaemonFixture daemon = await StartAsync("""{"omit_usage":1}""");
        await SendAsync(daemon, Chat, $"{{{Words}}}");
        await SendAsync(daemon, "engines/unload", """{"all":true}""");

        Assert.Equal("-3 -5", Values(await AccountedPage.ReadAsync(daemon)));
    }

    [Fact]
    public async Task Embeddings_are_compared()
    {
        await using DaemonFixture daemon = await StartAsync("{}");
        await SendAsync(daemon, "v1/embeddings", """{"model":"tiny-embed","input":["a b","c"]}""");

        Assert.Equal("0 0", await DriftAsync(daemon));
    }

    [Fact]
    public async Task A_client_that_leaves_and_a_runner_that_crashes_make_no_drift()
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

        await daemon.WaitUntilIdleAsync();
        await SendAsync(daemon, Chat, $"{{{Words}}}");
        int process = await daemon.RunnerProcessAsync();
        await AccountedPage.ReadAsync(daemon);
        await DaemonFixture.SignalAsync(process, "KILL");
        await ProcessTable.WaitUntilGoneAsync(process, DaemonFixture.Patience);
        await SendAsync(daemon, Chat, $"{{{Words}}}");

        Assert.Equal("0 0 0 0", await DriftAsync(daemon));
    }

    [Fact]
    public async Task A_request_that_is_sent_again_counts_once()
    {
        await using DaemonFixture daemon = await StartAsync("{}");
        await SendAsync(daemon, Chat, $"{{{Words}}}");
        int process = await daemon.RunnerProcessAsync();
        await DaemonFixture.SignalAsync(process, "KILL");
        await SendAsync(daemon, Chat, $"{{{Words}}}");

        Assert.Equal("0 0 0 0", await DriftAsync(daemon));
        Assert.NotEqual(process, await daemon.RunnerProcessAsync());
    }

    [Fact]
    public async Task A_runner_whose_page_hangs_is_stopped_in_time()
    {
        await using DaemonFixture daemon = await StartAsync("""{"metrics_hang":"headers"}""");
        await SendAsync(daemon, Chat, $$"""{{{Words}},"stream":true}""");
        int process = await daemon.RunnerProcessAsync();
        await SendAsync(daemon, "engines/unload", """{"all":true}""");

        Assert.False(ProcessTable.IsAlive(process));
        Assert.Empty(Values(await AccountedPage.ReadNowAsync(daemon)));
    }

    [Fact]
    public async Task Requests_that_reach_an_attached_runner_by_another_way_are_drift()
    {
        await using StubProcess stub = await StubProcess.StartAsync();
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Configuration = $$"""
                { "metrics": { "minInterval": "0s" },
                  "runners": [{ "backend": "llama.cpp", "model": "remote", "mode": "completion", "endpoint": "unix:{{stub.SocketPath}}" }] }
                """,
        });
        string body = $"{{{Words}}}".Replace("tiny-chat", "remote", StringComparison.Ordinal);
        await SendPastAsync(stub, body);
        await AccountedPage.ReadAsync(daemon);
        await SendAsync(daemon, Chat, body);
        Assert.Equal("0 0 0 0", await DriftAsync(daemon));
        await SendPastAsync(stub, body);

        Assert.Equal("-3 -5 0 0", await DriftAsync(daemon));
    }

    private static Task<DaemonFixture> StartAsync(string faults) =>
        DaemonFixture.StartAsync(new DaemonSetup { Configuration = """{ "metrics": { "minInterval": "0s" } }""" }.WithFaults(faults));

    private static async Task SendAsync(DaemonFixture daemon, string path, string body)
    {
        using HttpResponseMessage response = await daemon.SendAsync(path, body, HttpCompletionOption.ResponseContentRead, Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private static async Task SendPastAsync(StubProcess stub, string body)
    {
        using var content = new StringContent(body);
        using HttpResponseMessage response = await stub.Client.PostAsync(new Uri(Chat, UriKind.Relative), content, Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    // A request ends a moment after its response, and a page that was read in between is not compared. The next one is.
    private static async Task<string> DriftAsync(DaemonFixture daemon)
    {
        await daemon.WaitUntilIdleAsync();
        await AccountedPage.ReadAsync(daemon);
        return Values(await AccountedPage.ReadAsync(daemon));
    }

    private static string Values(AccountedPage page) => string.Join(
        ' ',
        ((string[])["runner", "usage"]).SelectMany(source => ((string[])["prompt", "generated"]).Select(type => (source, type)))
            .Where(label => page.Text.Contains($"{Drift}{{", StringComparison.Ordinal) && HasSeries(page, label.source))
            .Select(label => (int)page.Sum(Drift, $"source=\"{label.source}\"", $"type=\"{label.type}\"")));

    private static bool HasSeries(AccountedPage page, string source) => page.Text.Split('\n').Any(
        line => line.StartsWith(Drift, StringComparison.Ordinal) && line.Contains($"source=\"{source}\"", StringComparison.Ordinal));

    private static void Add(int[] total, int[] drift, int requests)
    {
        for (int i = 0; i < drift.Length; i++)
            total[i] += drift[i] * requests;
    }

    private static string Join(int[] values) => string.Join(' ', values);
}
