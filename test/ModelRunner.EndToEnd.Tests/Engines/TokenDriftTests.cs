using System.Diagnostics;
using System.Globalization;
using System.Net;
using ModelRunner.EndToEnd.Tests.Support;
using ModelRunner.Testing;

namespace ModelRunner.EndToEnd.Tests.Engines;

/// <summary>The daemon's counts of tokens against the counters of a real engine.</summary>
public sealed class TokenDriftTests
{
    /// <summary>How many tokens the long test counts. docs/benchmarks/token-drift.md has the result of a larger run.</summary>
    private const string TokensVariable = "DRIFT_TOKENS";

    private const long DefaultTokens = 120_000;
    private const int Parallel = 4;
    private const string Drift = "model_runner_token_drift";
    private const string Chat = "v1/chat/completions";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Requests of each kind, with the model that serves them.</summary>
    private static IReadOnlyList<(string Path, string Body)> Requests { get; } =
    [
        (Chat, """{"model":"tiny-chat","messages":[{"role":"user","content":"Tell me about a river."}],"max_tokens":9}"""),
        (Chat, """{"model":"tiny-chat","messages":[{"role":"user","content":"Tell me about a river."}],"max_tokens":9}"""),
        (Chat, """{"model":"tiny-chat","messages":[{"role":"user","content":"Tell me about a river."}],"max_tokens":9,"stream":true}"""),
        (Chat, """{"model":"tiny-chat","messages":[{"role":"user","content":"And a hill?"}],"max_tokens":9,"stream":true,"stream_options":{"include_usage":true}}"""),
        ("v1/completions", """{"model":"tiny-chat","prompt":"The cat sat","max_tokens":7}"""),
        ("v1/completions", """{"model":"tiny-chat","prompt":"The cat sat on","max_tokens":7,"stream":true}"""),
        ("v1/embeddings", """{"model":"tiny-embed","input":["the cat sat on the mat","a dog"]}"""),
        ("v1/embeddings", """{"model":"tiny-embed","input":"a dog"}"""),
    ];

    /// <summary>Requests that only llama-server knows, or shares the prompt of.</summary>
    private static IReadOnlyList<(string Path, string Body)> ServerRequests { get; } =
    [
        (Chat, """{"model":"tiny-chat","messages":[{"role":"user","content":"Tell me about a cat."}],"max_tokens":9,"n":2,"stream":true}"""),
        ("v1/messages", """{"model":"tiny-chat","messages":[{"role":"user","content":"Who sat on it?"}],"max_tokens":5}"""),
        ("v1/messages", """{"model":"tiny-chat","messages":[{"role":"user","content":"Who sat on it?"}],"max_tokens":5,"stream":true}"""),
        ("v1/responses", """{"model":"tiny-chat","input":"Who sat?","max_output_tokens":6}"""),
        ("v1/responses", """{"model":"tiny-chat","input":"Who sat there?","max_output_tokens":6,"stream":true}"""),
    ];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Every_kind_of_request_has_no_drift(bool isServer)
    {
        await using DaemonFixture daemon = await StartAsync(isServer ? RealLlamaServer.Require() : null);
        foreach ((string path, string body) in Requests.Concat(isServer ? ServerRequests : []))
        {
            await SendAsync(daemon, path, body);
            string model = body.Contains("tiny-embed", StringComparison.Ordinal) ? "tiny-embed" : "tiny-chat";
            Assert.Equal((path, body, "0 0"), (path, body, await DriftAsync(daemon, model)));
        }

        await daemon.PostAsync("engines/unload", """{"all":true}""");
        Assert.All(Lines(await PageAsync(daemon)), static line => Assert.EndsWith(" 0", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Other_choices_of_a_JSON_response_are_drift_because_the_engine_does_not_report_them()
    {
        await using DaemonFixture daemon = await StartAsync(RealLlamaServer.Require());
        await SendAsync(
            daemon, Chat, """{"model":"tiny-chat","messages":[{"role":"user","content":"Hello"}],"max_tokens":6,"n":3,"ignore_eos":true}""");

        Assert.Equal("0 -12", await DriftAsync(daemon, "tiny-chat"));
    }

    [Fact]
    public async Task Many_tokens_have_no_drift()
    {
        long wanted = long.Parse(Environment.GetEnvironmentVariable(TokensVariable) ?? $"{DefaultTokens}", CultureInfo.InvariantCulture);
        await using DaemonFixture daemon = await StartAsync(RealLlamaServer.Require());
        var clock = Stopwatch.StartNew();
        (long tokens, int requests, int lives) = (0, 0, 1);
        while (tokens < wanted)
        {
            await Task.WhenAll(Enumerable.Range(0, Parallel).Select(client => SendAsync(daemon, Chat, BodyOf(requests + client))));
            requests += Parallel;

            // Each runner stays below a million, from where on llama-server prints rounded numbers.
            if (requests % (10 * Parallel) != 0)
                continue;
            string page = await QuietPageAsync(daemon, "tiny-chat");
            tokens = (long)(Value(page, "model_runner_tokens_total", "type=\"prompt\"") + Value(page, "model_runner_tokens_total", "type=\"generated\""));
            await daemon.PostAsync("engines/unload", """{"all":true}""");
            lives++;
        }

        string last = await PageAsync(daemon);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{tokens} tokens, {requests} requests, {lives - 1} runners, {clock.Elapsed.TotalSeconds:0} s"));
        Assert.Equal("0 0", Values(last, "tiny-chat"));
        Assert.True(tokens >= wanted);
    }

    private static string BodyOf(int number)
    {
        string words = string.Join(' ', Enumerable.Range(0, 60).Select(word => $"{number + word} cats"));
        string stream = number % 2 == 0 ? "true" : "false";
        return $$"""
            {"model":"tiny-chat","messages":[{"role":"user","content":"{{words}}"}],"max_tokens":{{200 + (number % 50)}},"ignore_eos":true,"stream":{{stream}}}
            """;
    }

    private static Task<DaemonFixture> StartAsync(string? llamaServer) =>
        DemoDaemon.StartAsync(llamaServer, new DaemonSetup { Configuration = """{ "metrics": { "minInterval": "0s" } }""" });

    private static async Task SendAsync(DaemonFixture daemon, string path, string body)
    {
        using HttpResponseMessage response = await daemon.SendAsync(path, body, HttpCompletionOption.ResponseContentRead, Cancellation);
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{path}: {response.StatusCode} {await response.Content.ReadAsStringAsync(Cancellation)}");
    }

    private static async Task<string> DriftAsync(DaemonFixture daemon, string model) => Values(await QuietPageAsync(daemon, model), model);

    // A page that was read while a request ended is not compared. The next one is.
    private static async Task<string> QuietPageAsync(DaemonFixture daemon, string model)
    {
        await daemon.WaitUntilIdleAsync();
        string page = await PageAsync(daemon);
        await DaemonFixture.WaitUntilAsync(
            async () => (page = await PageAsync(daemon)).Contains($"{Drift}{{backend=\"llama.cpp\",model=\"{model}:latest\"", StringComparison.Ordinal),
            DaemonFixture.Patience);
        return page;
    }

    private static Task<string> PageAsync(DaemonFixture daemon) => daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);

    private static IReadOnlyList<string> Lines(string page) => [.. page.Split('\n').Where(static line => line.StartsWith(Drift, StringComparison.Ordinal))];

    private static string Values(string page, string model) =>
        $"{Value(page, Drift, $"\"{model}:", "source=\"runner\"", "\"prompt\"")} {Value(page, Drift, $"\"{model}:", "source=\"runner\"", "\"generated\"")}";

    private static double Value(string page, string name, params IReadOnlyList<string> labels)
    {
        string line = Assert.Single(
            page.Split('\n'), line => line.StartsWith(name + "{", StringComparison.Ordinal) && labels.All(label => line.Contains(label, StringComparison.Ordinal)));
        return double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
    }
}
