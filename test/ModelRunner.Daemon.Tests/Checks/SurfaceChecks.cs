using System.Globalization;
using System.Net;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>Checks 20 to 22: a page without runners, the headers of known scrapers, and both transports.</summary>
public sealed class SurfaceChecks
{
    private const string Text = "text/plain; version=0.0.4; charset=utf-8";
    private const string OpenMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"one"}]}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string, string, string> Scrapers => new()
    {
        {
            "Prometheus 2",
            "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            OpenMetrics
        },
        {
            "Prometheus 3",
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
                + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8"
        },
        {
            "Prometheus 2 with native histograms",
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", Text
        },
        { "vmagent", "text/plain;version=0.0.4;q=1,*/*;q=0.1", Text },
        { "OpenTelemetry collector", "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5", OpenMetrics },
        { "a browser", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", Text },
        { "curl", "*/*", Text },
    };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Check_20_Without_a_runner_that_answers_the_page_is_valid_and_has_the_daemons_own_series(bool isTcp)
    {
        await using (DaemonFixture none = await DaemonFixture.StartAsync(new DaemonSetup { HasTcp = true }))
            AssertOwnSeries(await PageAsync(none, isTcp));

        await using (StubBed down = await StubBed.StartAsync(3))
        {
            foreach (StubProcess stub in down.Stubs)
                await stub.SignalAsync(9);
            string page = await PageAsync(down.Daemon, isTcp);
            AssertOwnSeries(page);
            for (int runner = 0; runner < 3; runner++)
                StubBed.AssertRunner(page, runner, "refused");
        }

        await using DaemonFixture starting = await DaemonFixture.StartAsync(new DaemonSetup { HasTcp = true }.WithFaults("""{"never_ready": true}"""));
        Task<HttpResponseMessage> waiting = starting.SendAsync("v1/chat/completions", Chat, HttpCompletionOption.ResponseContentRead, Cancellation);
        await DaemonFixture.WaitUntilAsync(async () => (await starting.RunnersAsync()).Count == 1, DaemonFixture.Patience);
        string loading = await PageAsync(starting, isTcp);
        AssertOwnSeries(loading);
        Assert.Contains("model_runner_runners{state=\"loading\"} 1\n", loading, StringComparison.Ordinal);
        await starting.PostAsync("engines/unload", """{"all":true}""");
        using HttpResponseMessage refused = await waiting;
        Figures.Print($"3 of 3: no runner, all down, starting");
    }

    [Theory]
    [MemberData(nameof(Scrapers))]
    public async Task Check_21_Each_known_scraper_gets_a_type_that_it_asked_for_over_both_transports(string name, string accept, string type)
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { HasTcp = true });
        using var tcp = new HttpClient { BaseAddress = daemon.TcpAddress };
        foreach (HttpClient client in (HttpClient[])[daemon.Client, tcp])
        {
            foreach (HttpMethod method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Head])
            {
                using var request = new HttpRequestMessage(method, "metrics");
                request.Headers.TryAddWithoutValidation("Accept", accept);
                using HttpResponseMessage response = await client.SendAsync(request, Cancellation);
                string page = await response.Content.ReadAsStringAsync(Cancellation);

                Assert.Equal((HttpStatusCode.OK, type), (response.StatusCode, response.Content.Headers.ContentType?.ToString()));
                Assert.Equal(method == HttpMethod.Get && type != Text, page.EndsWith("# EOF\n", StringComparison.Ordinal));
            }

            foreach (HttpMethod method in (HttpMethod[])[HttpMethod.Post, HttpMethod.Put, HttpMethod.Delete, HttpMethod.Options])
            {
                using var request = new HttpRequestMessage(method, "metrics");
                using HttpResponseMessage response = await client.SendAsync(request, Cancellation);
                Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
                Assert.Equal(["GET", "HEAD"], response.Content.Headers.Allow.Order(StringComparer.Ordinal));
            }
        }

        Figures.Print($"{name}: {type}");
    }

    [Fact]
    public async Task Check_22_Both_transports_have_the_same_page()
    {
        await using StubBed bed = await StubBed.StartAsync(4);
        await bed.Stubs[1].SetFaultsAsync("""{"metrics_html": 1}""");
        foreach (StubProcess stub in bed.Stubs)
            await stub.SetMetricsAsync("# TYPE rt:units_total counter\nrt:units_total 5\n");

        // Durations and counts of the daemon itself change with each scrape.
        (string first, _) = await bed.ScrapeAsync(isTcp: false);
        (string second, _) = await bed.ScrapeAsync(isTcp: true);
        Assert.Equal(SeriesOf(first), SeriesOf(second));
        Assert.Equal(RunnerLines(first), RunnerLines(second));
        Assert.Equal(3, RunnerLines(first).Count(static line => line.StartsWith("rt:units_total{", StringComparison.Ordinal)));
        Figures.Print($"{SeriesOf(first).Length} series over each transport");
    }

    private static string[] SeriesOf(string page) => [.. page.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(static line => line.StartsWith('#') ? line : line[..line.LastIndexOf(' ')])];

    private static string[] RunnerLines(string page) => [.. page.Split('\n').Where(static line =>
        line.StartsWith("rt:", StringComparison.Ordinal) || line.StartsWith("model_runner_up{", StringComparison.Ordinal)
        || line.StartsWith("model_runner_down_info{", StringComparison.Ordinal))];

    private static void AssertOwnSeries(string page)
    {
        foreach (string name in (string[])["model_runner_build_info{", "model_runner_runners{", "model_runner_process_resident_memory_bytes "])
            Assert.Contains("\n" + name, page, StringComparison.Ordinal);
        Assert.All(
            page.TrimEnd('\n').Split('\n').Where(static line => !line.StartsWith('#')),
            static line => Assert.True(double.TryParse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture, out _), line));
    }

    private static async Task<string> PageAsync(DaemonFixture daemon, bool isTcp)
    {
        using var tcp = new HttpClient { BaseAddress = daemon.TcpAddress };
        using HttpResponseMessage response = await (isTcp ? tcp : daemon.Client).GetAsync(new Uri("metrics", UriKind.Relative), Cancellation);
        Assert.Equal((HttpStatusCode.OK, Text), (response.StatusCode, response.Content.Headers.ContentType?.ToString()));
        return await response.Content.ReadAsStringAsync(Cancellation);
    }
}
