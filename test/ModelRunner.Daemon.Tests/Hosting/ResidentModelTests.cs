using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>Models that are loaded at start, and how long models stay loaded.</summary>
public sealed class ResidentModelTests
{
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"one"}],"max_tokens":2,"keep_alive":KEEP}""";
    private const string Embed = """{"model":"tiny-embed","input":"one"}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_preloaded_model_is_loaded_at_start_and_comes_back()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Configuration = """{"models":{"tiny-chat":{"preload":true},"tiny-embed":{"keepAlive":0}},"limits":{"maxRunners":1}}""",
        });
        await WaitForAsync(daemon, "tiny-chat:latest", "ready");
        Assert.True(Assert.Single(await daemon.RunnersAsync()).GetProperty("preload").GetBoolean());

        Assert.Equal(200, (await daemon.PostAsync("v1/embeddings", Embed)).Status);
        await WaitForAsync(daemon, "tiny-chat:latest", "ready");
        JsonElement[] starts = [.. (await daemon.GetAsync("engines/decisions?model=tiny-chat")).GetProperty("decisions").EnumerateArray()
            .Where(static item => item.GetProperty("decision").GetString() == "start")];
        Assert.Equal(2, starts.Length);
        Assert.All(starts, static item => Assert.StartsWith("it is preloaded, there is room", item.GetProperty("text").GetString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_reload_preloads_a_model_and_a_missing_one_is_a_warning_and_a_problem_until_then()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            new DaemonSetup { Configuration = """{"models":{"nope":{"preload":true}}}""" });
        await daemon.WaitForLogAsync("Model nope:latest is not preloaded");
        Assert.Empty(await daemon.RunnersAsync());
        string problem = Assert.Single(await ProblemsAsync(daemon));
        Assert.StartsWith("Model nope:latest is not preloaded: ", problem, StringComparison.Ordinal);
        Assert.Contains("\"model-runner pull ai/nope:latest\" fetches it", problem, StringComparison.Ordinal);
        using var status = JsonDocument.Parse(await daemon.CommandAsync("status", "--json"));
        Assert.Equal([problem], status.RootElement.GetProperty("problems").EnumerateArray().Select(static item => item.GetString()));
        await File.WriteAllTextAsync(Path.Join(daemon.FolderPath, "model-runner.json"), """{"models":{"tiny-embed":{"preload":true}}}""", Cancellation);
        await DaemonFixture.SignalAsync(daemon.ProcessId, "HUP");
        await WaitForAsync(daemon, "tiny-embed:latest", "ready");
        Assert.Empty(await ProblemsAsync(daemon));
    }

    [Fact]
    public async Task A_preloaded_model_that_can_never_fit_is_a_warning_at_start_and_after_a_reload_and_a_problem_meanwhile()
    {
        const string TooLarge = """{"models":{"tiny-chat":{"preload":true}},"limits":{"memory":"30MiB"}}""";
        const string Text = "Model tiny-chat:latest is not preloaded: model \"tiny-chat:latest\" needs about ";
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Configuration = TooLarge });
        string path = Path.Join(daemon.FolderPath, "model-runner.json");
        await daemon.WaitForLogAsync(Text);

        string problem = Assert.Single(await ProblemsAsync(daemon));
        Assert.StartsWith(Text, problem, StringComparison.Ordinal);
        Assert.Matches(" needs about [0-9]+ MiB, and the limit for all models together is 30 MiB; .*; it (fits|does not fit) with ", problem);
        using var status = JsonDocument.Parse(await daemon.CommandAsync("status", "--json"));
        Assert.Equal([problem], status.RootElement.GetProperty("problems").EnumerateArray().Select(static item => item.GetString()));
        JsonElement decision = Assert.Single((await daemon.GetAsync("engines/decisions?model=tiny-chat")).GetProperty("decisions").EnumerateArray());
        Assert.Equal(("refuse", "out_of_memory"), (decision.GetProperty("decision").GetString(), decision.GetProperty("reason").GetString()));
        Assert.Equal(1, Count(daemon.Log, Text));

        await File.WriteAllTextAsync(path, TooLarge.Replace("30MiB", "31MiB", StringComparison.Ordinal), Cancellation);
        await DaemonFixture.SignalAsync(daemon.ProcessId, "HUP");
        await daemon.WaitForLogAsync("together is 31 MiB");
        await DaemonFixture.WaitUntilAsync(async () => (await ProblemsAsync(daemon)).Single().Contains("31 MiB", StringComparison.Ordinal), DaemonFixture.Patience);
        Assert.Equal(2, Count(daemon.Log, Text));

        await File.WriteAllTextAsync(path, TooLarge.Replace("30MiB", "3GiB", StringComparison.Ordinal), Cancellation);
        await DaemonFixture.SignalAsync(daemon.ProcessId, "HUP");
        await WaitForAsync(daemon, "tiny-chat:latest", "ready");
        Assert.Empty(await ProblemsAsync(daemon));
    }

    private static int Count(string log, string text) => log.Split(text).Length - 1;

    private static async Task<string[]> ProblemsAsync(DaemonFixture daemon) =>
    [
        .. (await daemon.GetAsync("engines/problems")).GetProperty("problems").EnumerateArray()
            .Where(static problem => problem.GetProperty("about").GetString() == "preload").Select(static problem => problem.GetProperty("text").GetString()!),
    ];

    [Theory]
    [InlineData("-1", 200, "-1")]
    [InlineData("\"10m\"", 200, "10m")]
    [InlineData("90", 200, "1m30s")]
    [InlineData("\"-1s\"", 200, "-1")]
    [InlineData("null", 200, "5m")]
    [InlineData("\"soon\"", 400, "soon")]
    [InlineData("true", 400, "true")]
    [InlineData("[1]", 400, "an object or a list")]
    [InlineData("1e300", 400, "1e300")]
    public async Task A_request_says_how_long_its_model_stays(string keepAlive, int status, string shown)
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        (int actual, JsonElement body) = await daemon.PostAsync("v1/chat/completions", Chat.Replace("KEEP", keepAlive, StringComparison.Ordinal));

        Assert.Equal(status, actual);
        if (status == 400)
        {
            Assert.StartsWith($"\"keep_alive\" is {shown};", body.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
            return;
        }

        JsonElement runner = Assert.Single(await daemon.RunnersAsync());
        Assert.Equal(shown, runner.GetProperty("keep_alive").GetString());
        using HttpClient stub = DaemonFixture.RunnerClient(runner.GetProperty("pid").GetInt32());
        Assert.DoesNotContain("keep_alive", await stub.GetStringAsync(new Uri("stub/requests", UriKind.Relative), Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Zero_stops_the_model_after_the_response()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat.Replace("KEEP", "0", StringComparison.Ordinal))).Status);
        await DaemonFixture.WaitUntilAsync(async () => (await daemon.RunnersAsync()).Count == 0, DaemonFixture.Patience);
    }

    [Fact]
    public async Task Zero_unloads_a_preloaded_model_until_the_next_request()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Configuration = """{"models":{"tiny-chat":{"preload":true}}}""" });
        await WaitForAsync(daemon, "tiny-chat:latest", "ready");
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat.Replace("KEEP", "0", StringComparison.Ordinal))).Status);
        await DaemonFixture.WaitUntilAsync(async () => (await daemon.RunnersAsync()).Count == 0, DaemonFixture.Patience);

        // A decision about another model follows every chance to load it again.
        Assert.Equal(200, (await daemon.PostAsync("v1/embeddings", Embed)).Status);
        Assert.Equal("tiny-embed:latest", Assert.Single(await daemon.RunnersAsync()).GetProperty("model_name").GetString());
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat.Replace("KEEP", "null", StringComparison.Ordinal))).Status);
        Assert.Contains(await daemon.RunnersAsync(), static runner => runner.TryGetProperty("preload", out JsonElement preload) && preload.GetBoolean());
    }

    [Fact]
    public async Task The_command_preload_loads_models_of_every_mode()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        (int exitCode, string output, _) = await daemon.RunClientAsync(daemon.FolderPath, "preload", "tiny-embed", "--keep-alive", "1h");
        Assert.Equal((0, "Loaded tiny-embed."), (exitCode, output.Trim()));
        JsonElement runner = Assert.Single(await daemon.RunnersAsync());
        Assert.Equal(("tiny-embed:latest", "1h"), (runner.GetProperty("model_name").GetString(), runner.GetProperty("keep_alive").GetString()));

        (exitCode, output, _) = await daemon.RunClientAsync(daemon.FolderPath, "preload", "tiny-chat", "--json");
        Assert.Equal((0, """{"loaded":"tiny-chat"}"""), (exitCode, output.Trim()));
        (exitCode, _, string error) = await daemon.RunClientAsync(daemon.FolderPath, "preload", "nope", "--no-pull");
        Assert.Equal(1, exitCode);
        Assert.Contains("nope:latest", error, StringComparison.Ordinal);
        (exitCode, _, error) = await daemon.RunClientAsync(daemon.FolderPath, "preload", "tiny-chat", "--keep-alive", "soon");
        Assert.Equal(2, exitCode);
        Assert.Contains("--keep-alive", error, StringComparison.Ordinal);
    }

    private static Task WaitForAsync(DaemonFixture daemon, string model, string state) => DaemonFixture.WaitUntilAsync(
        async () => (await daemon.RunnersAsync()).Any(
            runner => runner.GetProperty("model_name").GetString() == model && runner.GetProperty("state").GetString() == state),
        DaemonFixture.Patience);
}
