using System.Globalization;
using System.Text.Json;
using ModelRunner.Daemon.Tests.Accounting;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Runners;

/// <summary>Reports about models in memory, as cases against the daemon as a process.</summary>
public sealed class MemoryCases
{
    private const string Route = "v1/chat/completions";
    private const string Plain = """{"model":"tiny-chat","messages":[]}""";
    private const string Stops = "model_runner_stops_total{";

    private static readonly string[] Totals =
    [
        Stops, "model_runner_cpu_seconds_total{", "model_runner_loads_total{", "model_runner_load_duration_seconds_", "model_runner_token_drift{",
    ];

    private const string EveryScrapeReads = """ "metrics": { "minInterval": "0s" } """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task MEM_01_scrapes_load_no_model()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Configuration = $"{{ {EveryScrapeReads} }}" });
        for (int i = 0; i < 20; i++)
            Assert.Contains("model_runner_build_info", await ScrapeAsync(daemon), StringComparison.Ordinal);

        Assert.Empty(await daemon.RunnersAsync());
        Assert.Empty(ProcessTable.ChildrenOf(daemon.ProcessId));
        Assert.DoesNotContain("Starting", daemon.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MEM_01_scrapes_evict_no_model()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            new DaemonSetup { Configuration = $$"""{ {{EveryScrapeReads}}, "limits": { "maxRunners": 1 } }""" });
        await daemon.PostAsync(Route, Plain);
        int process = await daemon.RunnerProcessAsync();
        for (int i = 0; i < 20; i++)
            Assert.Contains("""model="tiny-chat:latest",mode="completion"} 1""", await ScrapeAsync(daemon), StringComparison.Ordinal);

        Assert.Equal(process, await daemon.RunnerProcessAsync());
    }

    [Fact]
    public async Task MEM_02_a_model_that_is_only_scraped_is_unloaded_when_its_time_is_over()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            new DaemonSetup { Configuration = $$"""{ {{EveryScrapeReads}}, "keepAlive": "2s" }""" });
        await daemon.PostAsync(Route, Plain);

        // The runner is in use until a moment after the response.
        await daemon.WaitUntilIdleAsync();
        DateTimeOffset? used = await LastUsedAsync(daemon);

        // Each scrape reads the runner; the last one arrives just before its end.
        int readings = 0;
        await DaemonFixture.WaitUntilAsync(
            async () =>
            {
                string page = await ScrapeAsync(daemon);
                bool isThere = page.Contains("llamacpp:tokens_predicted_total{", StringComparison.Ordinal);
                readings += isThere ? 1 : 0;
                Assert.Equal(used, await LastUsedAsync(daemon) ?? used);
                return !isThere && (await daemon.RunnersAsync()).Count == 0;
            },
            DaemonFixture.Patience);

        Assert.True(readings > 0, "No scrape read the runner.");
    }

    [Fact]
    public async Task MEM_04_idle_time_counts_from_the_end_of_a_stream_that_is_longer_than_it()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Configuration = """{ "keepAlive": "4s" }""",
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["LOG_LEVEL"] = "debug" },
        }.WithFaults("""{"token_delay_ms": 20}"""));
        using HttpResponseMessage response = await daemon.StreamAsync(Route, """{"model":"tiny-chat","messages":[],"stream":true,"max_tokens":250}""");
        int process = await daemon.RunnerProcessAsync();

        string stream = await response.Content.ReadAsStringAsync(Cancellation);

        Assert.EndsWith("data: [DONE]\n\n", stream, StringComparison.Ordinal);
        await DaemonFixture.WaitUntilAsync(async () => (await daemon.RunnersAsync()).Count == 0, DaemonFixture.Patience);

        // Times of the daemon. If idle time counted from the start of the stream, it would be over at its end.
        TimeSpan idle = await LoggedAtAsync(daemon, "Stopping ") - await LoggedAtAsync(daemon, $"POST /{Route} ended with status");
        Assert.True(idle >= TimeSpan.FromSeconds(1), $"It was unloaded {idle} after the stream.");
        Assert.False(ProcessTable.IsAlive(process));
    }

    [Fact]
    public async Task MEM_10_a_model_whose_file_was_deleted_can_be_unloaded_and_disappears()
    {
        using var folder = new TemporaryFolder();
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            new DaemonSetup { Folder = folder, Configuration = $"{{ {EveryScrapeReads} }}" });
        await daemon.PostAsync(Route, Plain);
        int process = await daemon.RunnerProcessAsync();

        string file = Path.Join(folder.Path, "models", "tiny-chat.gguf");
        File.Move(file, folder.PathOf("away.gguf"));
        Assert.Equal("tiny-chat:latest", Assert.Single(await daemon.RunnersAsync()).GetProperty("model_name").GetString());
        (int status, JsonElement answer) = await daemon.PostAsync("engines/unload", """{"models":["tiny-chat:latest"]}""");

        Assert.Equal((200, 1), (status, answer.GetProperty("unloaded_runners").GetInt32()));
        Assert.Empty(await daemon.RunnersAsync());
        Assert.False(ProcessTable.IsAlive(process));
        string page = await ScrapeAsync(daemon);
        Assert.DoesNotContain("model_runner_up{", page, StringComparison.Ordinal);
        Assert.DoesNotContain("llamacpp:", page, StringComparison.Ordinal);

        // Only the totals of its requests, loads and ends remain.
        string[] left = [.. page.Split('\n').Where(static line => line.Contains("tiny-chat", StringComparison.Ordinal))];
        Assert.NotEmpty(left);
        Assert.DoesNotContain(
            left.Except(new AccountedPage(page).Series, StringComparer.Ordinal), static line => !Totals.Any(line.StartsWith));
        Assert.Contains(left, static line => line.StartsWith(Stops, StringComparison.Ordinal));
    }

    private static async Task<DateTimeOffset> LoggedAtAsync(DaemonFixture daemon, string message)
    {
        string? line = null;
        await DaemonFixture.WaitUntilAsync(
            () => Task.FromResult((line = daemon.Log.Split('\n').FirstOrDefault(line => line.Contains(message, StringComparison.Ordinal))) is not null),
            DaemonFixture.Patience);
        return DateTimeOffset.Parse(line!.Split(' ')[0], CultureInfo.InvariantCulture);
    }

    private static Task<string> ScrapeAsync(DaemonFixture daemon) =>
        daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);

    private static async Task<DateTimeOffset?> LastUsedAsync(DaemonFixture daemon) =>
        (await daemon.RunnersAsync()).Select(static runner => (DateTimeOffset?)DateTimeOffset.Parse(
            runner.GetProperty("last_used").GetString()!, CultureInfo.InvariantCulture)).FirstOrDefault();
}
