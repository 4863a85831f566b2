using System.Diagnostics;
using System.Net;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

public sealed class DaemonMetricsTests
{
    /// <summary>The daemon waits for runners during 81 % of it; the rest is for a busy machine.</summary>
    private static readonly TimeSpan ScraperGivesUp = TimeSpan.FromSeconds(10);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_page_shows_both_modes_of_runners()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        await daemon.PostAsync(
            "v1/chat/completions", """{"model":"tiny-chat","messages":[{"role":"user","content":"one two three"}],"max_tokens":5}""");
        await daemon.PostAsync("v1/embeddings", """{"model":"tiny-embed","input":"one two"}""");

        string page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);

        const string Chat = """llamacpp:tokens_predicted_total{backend="llama.cpp",model="tiny-chat:latest",mode="completion"} 5""";
        const string Embedding = """llamacpp:prompt_tokens_total{backend="llama.cpp",model="tiny-embed:latest",mode="embedding"} 2""";
        Assert.Contains(Chat + "\n", page, StringComparison.Ordinal);
        Assert.Contains(Embedding + "\n", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1", HttpStatusCode.NotFound)]
    [InlineData("true", HttpStatusCode.NotFound)]
    [InlineData("0", HttpStatusCode.OK)]
    [InlineData("", HttpStatusCode.OK)]
    public async Task DISABLE_METRICS_removes_the_page(string value, HttpStatusCode status)
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["DISABLE_METRICS"] = value },
        });
        await daemon.PostAsync("v1/chat/completions", """{"model":"tiny-chat","messages":[]}""");

        using HttpResponseMessage response = await daemon.Client.GetAsync(new Uri("metrics", UriKind.Relative), Cancellation);

        Assert.Equal(status, response.StatusCode);
        if (status == HttpStatusCode.NotFound)
        {
            (int exitCode, string output, string error) = await daemon.RunClientAsync(daemon.FolderPath, "metrics");
            Assert.Equal((1, ""), (exitCode, output));
            Assert.StartsWith("model-runner: metrics are switched off in this daemon", error, StringComparison.Ordinal);
        }

        string[] arguments = ProcessTable.ArgumentsOf(await daemon.RunnerProcessAsync());
        Assert.Equal(status == HttpStatusCode.OK, arguments.Contains("--metrics", StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_stopped_runner_and_one_that_returns_HTML_lose_only_their_own_series()
    {
        const int Stopped = 2;
        const int Html = 5;
        StubProcess[] stubs = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(static i => StubProcess.StartAsync(null, "--alias", $"m{i}:latest")));
        try
        {
            await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Configuration = Attach(stubs) });

            // The first page includes just-in-time compilation, which the published program does not have.
            await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);
            await stubs[Html].SetFaultsAsync("""{"metrics_html": 1}""");
            await stubs[Stopped].SignalAsync(19);

            using var request = new HttpRequestMessage(HttpMethod.Get, "metrics");
            request.Headers.Add("X-Prometheus-Scrape-Timeout-Seconds", $"{ScraperGivesUp.TotalSeconds}");
            long started = Stopwatch.GetTimestamp();
            using HttpResponseMessage response = await daemon.Client.SendAsync(request, Cancellation);
            string page = await response.Content.ReadAsStringAsync(Cancellation);
            TimeSpan elapsed = Stopwatch.GetElapsedTime(started);

            await stubs[Stopped].SignalAsync(18);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.True(elapsed < ScraperGivesUp, $"{elapsed}");
            for (int i = 0; i < stubs.Length; i++)
            {
                bool isUp = i is not (Stopped or Html);
                string labels = $"{{backend=\"vllm\",model=\"m{i}:latest\",mode=\"completion\"}}";
                string name = "model_runner_up" + labels;
                string up = Assert.Single(page.Split('\n'), line => line.StartsWith(name, StringComparison.Ordinal));
                Assert.Equal($"{name} {(isUp ? 1 : 0)}", up);
                Assert.Equal(isUp, page.Contains($"llamacpp:prompt_tokens_total{labels}", StringComparison.Ordinal));
            }

            Assert.Contains(Down(Stopped, "timeout"), page, StringComparison.Ordinal);
            Assert.Contains(Down(Html, "content_type"), page, StringComparison.Ordinal);
        }
        finally
        {
            foreach (StubProcess stub in stubs)
                await stub.DisposeAsync();
        }
    }

    [Fact]
    public async Task An_attached_runner_gets_requests_and_is_never_stopped()
    {
        await using StubProcess stub = await StubProcess.StartAsync(null, "--alias", "m0:latest");
        await using (DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Configuration = Attach([stub]) }))
        {
            Assert.Equal(200, (await daemon.PostAsync("engines/vllm/v1/chat/completions", """{"model":"m0","messages":[]}""")).Status);
            Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", """{"model":"m0","messages":[]}""")).Status);
            Assert.Equal(404, (await daemon.PostAsync("engines/llama.cpp/v1/chat/completions", """{"model":"m0","messages":[]}""")).Status);
            Assert.Equal(0, (await daemon.PostAsync("engines/unload", """{"all":true}""")).Body.GetProperty("unloaded_runners").GetInt32());
            Assert.Equal("Running: attached, 1 ready", (await daemon.GetAsync("engines/status")).GetProperty("vllm").GetString());
        }

        Assert.False(stub.HasExited);
    }

    private static string Down(int runner, string reason) =>
        $"model_runner_down_info{{backend=\"vllm\",model=\"m{runner}:latest\",mode=\"completion\",reason=\"{reason}\"}} 1\n";

    private static string Attach(StubProcess[] stubs) => $$"""
        { "metrics": { "minInterval": "0s" }, "runners": [ {{string.Join(", ", stubs.Select(static (stub, i) =>
            $$"""{ "backend": "vllm", "model": "m{{i}}", "mode": "completion", "endpoint": "unix:{{stub.SocketPath}}" }"""))}} ] }
        """;
}
