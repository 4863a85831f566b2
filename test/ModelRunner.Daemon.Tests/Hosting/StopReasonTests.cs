using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>The reason of an end of a runner is the same value in the log, in responses and on the page of the real daemon.</summary>
public sealed class StopReasonTests
{
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"one two"}]}""";
    private const string Embed = """{"model":"tiny-embed","input":"one two"}""";
    private const string ChatLabels = """backend="llama.cpp",model="tiny-chat:latest",mode="completion",reason=""";
    private const string EmbedLabels = """backend="llama.cpp",model="tiny-embed:latest",mode="embedding",reason=""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_killed_runner_has_the_reason_killed()
    {
        await using DaemonFixture daemon = await StartAsync();
        await daemon.PostAsync("v1/chat/completions", Chat);

        await DaemonFixture.SignalAsync(await daemon.RunnerProcessAsync(), "KILL");
        JsonElement runner = await FailedAsync(daemon);

        Assert.Equal("killed", runner.GetProperty("reason").GetString());
        Assert.Contains("was killed by signal 9", runner.GetProperty("failure").GetString(), StringComparison.Ordinal);
        await daemon.WaitForLogAsync(" failed, reason=killed: ");
        Assert.Equal([$"{ChatLabels}\"killed\"}} 1"], await StopsAsync(daemon));
    }

    [Fact]
    public async Task A_request_whose_runner_dies_gets_the_reason()
    {
        await using DaemonFixture daemon = await StartAsync("""{"signal_at_request": 11}""");

        (int status, JsonElement error) = await daemon.PostAsync("v1/chat/completions", Chat);

        Assert.Equal((502, "runner_failed", "crashed"), (status, CodeOf(error), ReasonOf(error)));
        Assert.Equal([$"{ChatLabels}\"crashed\"}} 1"], await StopsAsync(daemon));
    }

    [Theory]
    [InlineData("v1/chat/completions")]
    [InlineData("v1/messages")]
    public async Task A_start_that_runs_out_of_memory_has_the_reason_out_of_memory(string route)
    {
        await using DaemonFixture daemon = await StartAsync("""{"stderr_text": "ggml: failed to allocate buffer\\n", "exit_at_start": 1}""");

        (int status, JsonElement error) = await daemon.PostAsync(route, Chat);

        Assert.Equal((502, "out_of_memory"), (status, ReasonOf(error)));
        Assert.Equal("out_of_memory", (await FailedAsync(daemon)).GetProperty("reason").GetString());
        await daemon.WaitForLogAsync(" failed, reason=out_of_memory: ");
        Assert.Equal([$"{ChatLabels}\"out_of_memory\"}} 1"], await StopsAsync(daemon));
    }

    [Fact]
    public async Task A_start_that_takes_too_long_has_the_reason_load_timeout()
    {
        await using DaemonFixture daemon = await StartAsync("""{"never_ready": true}""", """ "loadTimeout": "1s" """);

        (int status, JsonElement error) = await daemon.PostAsync("v1/chat/completions", Chat);

        Assert.Equal((502, "runner_start_failed", "load_timeout"), (status, CodeOf(error), ReasonOf(error)));
        await daemon.WaitForLogAsync(" failed, reason=load_timeout: ");
        Assert.Equal([$"{ChatLabels}\"load_timeout\"}} 1"], await StopsAsync(daemon));
    }

    [Fact]
    public async Task Evicted_and_unloaded_runners_are_counted_when_they_are_gone()
    {
        await using DaemonFixture daemon = await StartAsync(limits: """ "maxRunners": 1 """);
        await daemon.PostAsync("v1/chat/completions", Chat);
        await daemon.PostAsync("v1/embeddings", Embed);
        await daemon.PostAsync("engines/unload", """{"all":true}""");

        Assert.Empty(await daemon.RunnersAsync());
        for (int i = 0; i < 3; i++)
            Assert.Equal([$"{ChatLabels}\"evicted\"}} 1", $"{EmbedLabels}\"unloaded\"}} 1"], await StopsAsync(daemon));
        await daemon.WaitForLogAsync(", reason=evicted.");
        await daemon.WaitForLogAsync(" has ended, reason=unloaded");
    }

    private static Task<DaemonFixture> StartAsync(string chatFaults = "{}", string limits = "") => DaemonFixture.StartAsync(new DaemonSetup
    {
        Configuration = $$"""{ "metrics": { "minInterval": "0s" }, "limits": { {{limits}} } }""",
    }.WithFaults(chatFaults));

    private static string? ReasonOf(JsonElement body) => body.GetProperty("error").GetProperty("reason").GetString();

    private static string? CodeOf(JsonElement body) => body.GetProperty("error").GetProperty("code").GetString();

    private static async Task<JsonElement> FailedAsync(DaemonFixture daemon)
    {
        JsonElement runner = default;
        await DaemonFixture.WaitUntilAsync(
            async () => (runner = Assert.Single(await daemon.RunnersAsync())).GetProperty("state").GetString() == "failed", DaemonFixture.Patience);
        return runner;
    }

    /// <summary>Labels and values of the stops on the page, in its order.</summary>
    private static async Task<string[]> StopsAsync(DaemonFixture daemon)
    {
        const string Name = "model_runner_stops_total{";
        string page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);
        return [.. page.Split('\n').Where(static line => line.StartsWith(Name, StringComparison.Ordinal)).Select(static line => line[Name.Length..])];
    }
}
