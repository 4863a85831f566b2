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
    public async Task A_reload_preloads_a_model_and_a_missing_one_is_a_warning()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            new DaemonSetup { Configuration = """{"models":{"nope":{"preload":true}}}""" });
        await daemon.WaitForLogAsync("Model nope:latest is not preloaded");
        Assert.Empty(await daemon.RunnersAsync());
        await File.WriteAllTextAsync(Path.Join(daemon.FolderPath, "model-runner.json"), """{"models":{"tiny-embed":{"preload":true}}}""", Cancellation);
        await DaemonFixture.SignalAsync(daemon.ProcessId, "HUP");
        await WaitForAsync(daemon, "tiny-embed:latest", "ready");
    }

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
