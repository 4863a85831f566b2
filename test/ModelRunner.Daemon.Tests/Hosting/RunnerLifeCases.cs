using System.Net;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>Cases of runners that start and end, on the page of the real daemon.</summary>
public sealed class RunnerLifeCases
{
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"one two"}]}""";
    private const string Embed = """{"model":"tiny-embed","input":"one two"}""";
    private const string ChatLabels = """{backend="llama.cpp",model="tiny-chat:latest",mode="completion"}""";
    private const string EmbedLabels = """{backend="llama.cpp",model="tiny-embed:latest",mode="embedding"}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task LIF_01_the_series_of_a_killed_runner_are_missing_from_the_next_scrape_on()
    {
        await using DaemonFixture daemon = await StartAsync();
        await daemon.PostAsync("v1/chat/completions", Chat);
        int chat = await daemon.RunnerProcessAsync();
        await daemon.PostAsync("v1/embeddings", Embed);
        Assert.Contains($"llamacpp:prompt_tokens_total{ChatLabels}", await PageAsync(daemon), StringComparison.Ordinal);

        await DaemonFixture.SignalAsync(chat, "KILL");
        await ProcessTable.WaitUntilGoneAsync(chat, DaemonFixture.Patience);

        // At once, before the daemon may know it, and repeatedly after that.
        string page = await PageAsync(daemon);
        for (int i = 0; i < 3; i++)
        {
            Assert.DoesNotContain($"llamacpp:prompt_tokens_total{ChatLabels}", page, StringComparison.Ordinal);
            Assert.DoesNotContain($"model_runner_up{ChatLabels} 1\n", page, StringComparison.Ordinal);
            Assert.Contains($"llamacpp:prompt_tokens_total{EmbedLabels}", page, StringComparison.Ordinal);
            Assert.Contains($"model_runner_up{EmbedLabels} 1\n", page, StringComparison.Ordinal);
            await DaemonFixture.WaitUntilAsync(async () => (await ReadyAsync(daemon)).Count == 1, DaemonFixture.Patience);
            page = await PageAsync(daemon);
        }
    }

    [Fact]
    public async Task LIF_04_a_counter_that_restarts_with_its_runner_is_shown_unchanged()
    {
        await using DaemonFixture daemon = await StartAsync();
        await daemon.PostAsync("v1/chat/completions", Chat);
        await SetUnitsAsync(daemon, 900);
        Assert.Contains($"rt:units_total{ChatLabels} 900\n", await PageAsync(daemon), StringComparison.Ordinal);

        await daemon.PostAsync("engines/unload", """{"all":true}""");
        await daemon.PostAsync("v1/chat/completions", Chat);
        await SetUnitsAsync(daemon, 3);

        Assert.Contains($"rt:units_total{ChatLabels} 3\n", await PageAsync(daemon), StringComparison.Ordinal);
    }

    [Fact]
    public async Task LIF_07_a_managed_runner_that_loads_is_shown_as_loading_and_not_merged()
    {
        await using DaemonFixture daemon = await StartAsync("""{"never_ready": true}""");
        Task<HttpResponseMessage> waiting = daemon.SendAsync("v1/chat/completions", Chat, HttpCompletionOption.ResponseContentRead, Cancellation);
        await DaemonFixture.WaitUntilAsync(async () => (await daemon.RunnersAsync()).Count == 1, DaemonFixture.Patience);

        string page = await PageAsync(daemon);

        Assert.Contains("model_runner_runners{state=\"loading\"} 1\n", page, StringComparison.Ordinal);
        Assert.DoesNotContain("Loading", page, StringComparison.Ordinal);
        Assert.DoesNotContain("llamacpp:", page, StringComparison.Ordinal);
        Assert.DoesNotContain("model_runner_scrape_failures_total{", page, StringComparison.Ordinal);
        await daemon.PostAsync("engines/unload", """{"all":true}""");
        using HttpResponseMessage refused = await waiting;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
    }

    [Fact]
    public async Task LIF_07_an_attached_runner_that_loads_has_the_reason_loading()
    {
        await using StubProcess stub = await StubProcess.StartAsync(
            new Dictionary<string, string>(StringComparer.Ordinal) { ["never_ready"] = "1" }, "--alias", "m0:latest");
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Configuration = $$"""
                { "runners": [ { "backend": "vllm", "model": "m0", "mode": "completion", "endpoint": "unix:{{stub.SocketPath}}" } ] }
                """,
        });

        string page = await PageAsync(daemon);

        const string Labels = """backend="vllm",model="m0:latest",mode="completion" """;
        Assert.Contains($"model_runner_down_info{{{Labels.TrimEnd()},reason=\"loading\"}} 1\n", page, StringComparison.Ordinal);
        Assert.Contains($"model_runner_up{{{Labels.TrimEnd()}}} 0\n", page, StringComparison.Ordinal);
        Assert.DoesNotContain("Loading", page, StringComparison.Ordinal);
    }

    private static Task<DaemonFixture> StartAsync(string chatFaults = "{}") => DaemonFixture.StartAsync(new DaemonSetup
    {
        Configuration = """{ "metrics": { "minInterval": "0s" } }""",
    }.WithFaults(chatFaults));

    private static Task<string> PageAsync(DaemonFixture daemon) => daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);

    private static async Task<IReadOnlyList<string>> ReadyAsync(DaemonFixture daemon) =>
        [.. (await daemon.RunnersAsync()).Select(static runner => runner.GetProperty("state").GetString()!).Where(static state => state == "ready")];

    private static async Task SetUnitsAsync(DaemonFixture daemon, int units)
    {
        using HttpClient runner = DaemonFixture.RunnerClient(await daemon.RunnerProcessAsync());
        using var page = new StringContent($"# TYPE rt:units_total counter\nrt:units_total {units}\n");
        using HttpResponseMessage answer = await runner.PostAsync(new Uri("stub/metrics", UriKind.Relative), page, Cancellation);
        Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode}");
    }
}
