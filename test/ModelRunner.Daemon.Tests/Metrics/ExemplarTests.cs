using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using ModelRunner.Daemon.Tests.Accounting;
using ModelRunner.Daemon.Tests.Export;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Metrics;

/// <summary>Exemplars link the histograms of requests to traces.</summary>
public sealed partial class ExemplarTests
{
    private const string TraceId = "0af7651916cd43dd8448eb211c80319c";
    private const string OpenMetrics = "application/openmetrics-text;version=1.0.0";

    // Reads a page from standard input and prints each exemplar.
    private const string Script = """
        import sys
        from prometheus_client.openmetrics.parser import text_string_to_metric_families
        for family in text_string_to_metric_families(sys.stdin.read()):
            for sample in family.samples:
                if sample.exemplar:
                    print(sample.name, sample.exemplar.labels["trace_id"], sample.exemplar.value <= float(sample.labels["le"]), float(sample.exemplar.timestamp) > 0)
        """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Buckets_of_duration_and_first_token_have_the_trace_of_a_request_in_OpenMetrics()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        await OtlpDaemon.ChatAsync(daemon, OtlpDaemon.Stream, Parent("01"));
        await AccountedPage.ReadAsync(daemon);

        string page = await ReadAsync(daemon, OpenMetrics);
        Assert.Equal(
            [AccountedPage.Duration + "_bucket", AccountedPage.FirstToken + "_bucket"],
            ExemplarLine().Matches(page).Select(static line => line.Groups["name"].Value));
        Assert.DoesNotContain(TraceId, await ReadAsync(daemon, "text/plain;version=0.0.4"), StringComparison.Ordinal);

        (int exitCode, string output, string error) = await ChildProgram.RunAsync("python3", ["-c", Script], Encoding.UTF8.GetBytes(page), Cancellation);
        Assert.True(exitCode == 0, error);
        Assert.Equal(
            [$"{AccountedPage.Duration}_bucket {TraceId} True True", $"{AccountedPage.FirstToken}_bucket {TraceId} True True"],
            output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task A_request_without_a_sampled_trace_leaves_no_exemplar()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        await OtlpDaemon.ChatAsync(daemon, OtlpDaemon.Stream, Parent("00"));
        await OtlpDaemon.ChatAsync(daemon, OtlpDaemon.Stream);
        await OtlpDaemon.ChatAsync(daemon, OtlpDaemon.Stream, "nonsense");
        await AccountedPage.ReadAsync(daemon);

        Assert.DoesNotContain("trace_id", await ReadAsync(daemon, OpenMetrics), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_trace_that_the_daemon_began_is_an_exemplar()
    {
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync();
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(OtlpDaemon.Setup(receiver.Address));
        await OtlpDaemon.ChatAsync(daemon);
        await AccountedPage.ReadAsync(daemon);
        await receiver.WaitUntilAsync(() => receiver.Spans.Count > 0);

        Assert.Contains($"trace_id=\"{receiver.Spans[0].Text("trace")}\"", await ReadAsync(daemon, OpenMetrics), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Prometheus_stores_the_exemplars_of_the_daemon_and_of_its_runners(int version)
    {
        await using StubProcess server = await StubProcess.StartAsync();
        await server.SetFaultsAsync($$"""{"metrics_content_type": "{{OpenMetrics}}; charset=utf-8"}""");
        await server.SetMetricsAsync("# TYPE engine_steps counter\nengine_steps_total 3 # {trace_id=\"aa\"} 1\n# EOF\n");
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            HasTcp = true,
            Configuration = $$"""{ "runners": [ { "backend": "vllm", "model": "far:latest", "mode": "completion", "endpoint": "unix:{{server.SocketPath}}" } ] }""",
        });
        await OtlpDaemon.ChatAsync(daemon, OtlpDaemon.Stream, Parent("01"));
        await using PrometheusProcess prometheus = await PrometheusProcess.StartAsync(
            $$"""
            scrape_configs:
              - job_name: daemon
                scrape_interval: 1s
                scrape_timeout: 1s
                static_configs:
                  - targets: ["{{daemon.TcpAddress.Authority}}"]
            """,
            Cancellation, version, "--enable-feature=exemplar-storage");

        string[] found = [];
        await DaemonFixture.WaitUntilAsync(
            async () => (found = await FindAsync(prometheus)).Length == 3, DaemonFixture.Patience);
        Assert.Equal(["engine_steps_total aa vllm", $"{AccountedPage.Duration}_bucket {TraceId} llama.cpp", $"{AccountedPage.FirstToken}_bucket {TraceId} llama.cpp"], found);
    }

    private static async Task<string[]> FindAsync(PrometheusProcess prometheus)
    {
        string query = Uri.EscapeDataString("{__name__=~\"engine_steps_total|model_runner_(request_duration|time_to_first_token)_seconds_bucket\"}");
        JsonElement data = await prometheus.GetAsync($"api/v1/query_exemplars?query={query}&start=0&end=9999999999", Cancellation);
        return [.. data.EnumerateArray().Select(static series =>
        {
            JsonElement labels = series.GetProperty("seriesLabels");
            JsonElement exemplar = series.GetProperty("exemplars")[0].GetProperty("labels");
            return $"{labels.GetProperty("__name__")} {exemplar.GetProperty("trace_id")} {labels.GetProperty("backend")}";
        }).Order(StringComparer.Ordinal)];
    }

    private static async Task<string> ReadAsync(DaemonFixture daemon, string accept)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "metrics");
        request.Headers.TryAddWithoutValidation("Accept", accept);
        using HttpResponseMessage response = await daemon.Client.SendAsync(request, Cancellation);
        return await response.Content.ReadAsStringAsync(Cancellation);
    }

    private static string Parent(string flags) => $"00-{TraceId}-b7ad6b7169203331-{flags}";

    [GeneratedRegex($$"""^(?<name>[a-z_]+)\{[^}]*model="tiny-chat:latest"[^}]*\} 1 # \{trace_id="{{TraceId}}"\} [0-9]+(\.[0-9]+)?(e-[0-9]+)? [0-9]{10}(\.[0-9]+)?$""", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ExemplarLine();
}
