using System.Globalization;
using System.Text;
using System.Text.Json;
using ModelRunner.Daemon.Metrics;
using ModelRunner.Daemon.Tests.Accounting;
using ModelRunner.Daemon.Tests.Hosting;
using ModelRunner.Exposition;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Metrics;

/// <summary>In OpenMetrics the daemon's own counters and histograms have creation times.</summary>
public sealed class CreationTimeTests
{
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"one two"}]}""";

    private const string Embed = """{"model":"tiny-embed","input":"a"}""";

    // Prints each metric of the daemon's counters and histograms with its creation time; "none" if it has none.
    private const string Script = """
        import sys
        from prometheus_client.openmetrics.parser import text_string_to_metric_families
        for family in text_string_to_metric_families(sys.stdin.read()):
            if family.type not in ("counter", "histogram") or not family.name.startswith("model_runner_"):
                continue
            metrics = {}
            for sample in family.samples:
                key = tuple(sorted((name, value) for name, value in sample.labels.items() if name != "le"))
                metrics.setdefault(key, "none")
                if sample.name.endswith("_created"):
                    metrics[key] = repr(float(sample.value))
            for key, created in metrics.items():
                print(family.name, ",".join(f"{name}={value}" for name, value in key) or "-", created)
        """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_counter_and_histogram_has_one_and_the_text_format_has_none()
    {
        using var folder = new TemporaryFolder();
        folder.Write("page", "a 1\n1 is no name\n");
        var setup = new DaemonSetup
        {
            Folder = folder,
            Faults = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["tiny-chat"] = $$"""{"truncated":1,"token_delay_ms":1,"metrics_file":"{{Path.Join(folder.Path, "page")}}"}""",
                ["tiny-embed"] = """{"metrics_status":500}""",
            },
        };
        var failing = new Dictionary<string, string>(setup.Faults, StringComparer.Ordinal) { ["tiny-embed"] = """{"exit_at_start":3}""" };
        double before = Now;
        await using (DaemonFixture killed = await DaemonFixture.StartAsync(setup with { Faults = failing }))
        {
            Assert.Equal(502, (await killed.PostAsync("v1/embeddings", Embed)).Status);
            await LedgerLifeTests.KillInStreamAsync(killed, folder);
        }

        await using DaemonFixture daemon = await DaemonFixture.StartAsync(setup);
        await LoadAsync(daemon);
        await daemon.PostAsync("engines/unload", """{"all":true}""");
        await LoadAsync(daemon);
        await daemon.PostAsync("v1/chat/completions", Chat);
        await daemon.PostAsync("v1/embeddings", Embed);

        // Lines that are dropped are on the next page.
        await ReadAsync(daemon);
        string page = await ReadAsync(daemon);
        double after = Now;

        IReadOnlyDictionary<string, double> created = await CreatedAsync(page);
        Assert.All(created.Values, value => Assert.InRange(value, before - 0.01, after + 0.01));

        // No runner stalls here: that takes a minute or more. Only the real llama-server has contexts that can be saved.
        MetricFamily[] absent = [MetricFamilies.Stalls, MetricFamilies.SlotRestores, MetricFamilies.SlotSaves, MetricFamilies.PrefillSaved];
        Assert.Equal(
            MetricFamilies.All.Where(family => family.Type is MetricType.Counter or MetricType.Histogram && !absent.Contains(family))
                .Select(static family => family.Name.Replace("_total", "", StringComparison.Ordinal)).Order(StringComparer.Ordinal),
            created.Keys.Select(static metric => metric[..metric.IndexOf(' ', StringComparison.Ordinal)]).Distinct(StringComparer.Ordinal)
                .Order(StringComparer.Ordinal));

        AccountedPage text = await AccountedPage.ReadNowAsync(daemon);
        Assert.DoesNotContain("_created", text.Text, StringComparison.Ordinal);

        // In OpenMetrics no creation time is a family of its own.
        Assert.DoesNotContain("_created", string.Concat(page.Split('\n').Where(static line => line.StartsWith('#'))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Totals_that_continue_after_a_restart_keep_theirs(bool isKilled)
    {
        using var folder = new TemporaryFolder();
        var setup = new DaemonSetup { Folder = folder };
        IReadOnlyDictionary<string, double> first;
        await using (DaemonFixture daemon = await DaemonFixture.StartAsync(setup))
        {
            await LoadAsync(daemon);
            await daemon.PostAsync("engines/unload", """{"all":true}""");
            first = await CreatedAsync(await ReadAsync(daemon));
            if (isKilled)
                await daemon.KillAsync();
        }

        double restarted = Now;
        await using DaemonFixture next = await DaemonFixture.StartAsync(setup);
        IReadOnlyDictionary<string, double> second = await CreatedAsync(await ReadAsync(next));
        string[] totals = [.. first.Keys.Where(static metric => metric.Contains("tiny-chat", StringComparison.Ordinal))];
        Assert.True(totals.Length > 8, string.Join('\n', first.Keys));
        Assert.Equal(totals.Select(metric => $"{metric} {first[metric]:R}"), totals.Select(metric => $"{metric} {second[metric]:R}"));

        // What begins after the restart is later, also of the same model.
        await next.PostAsync("v1/chat/completions", """{"model":"tiny-chat","messages":1}""");
        await next.PostAsync("v1/embeddings", Embed);
        await AccountedPage.ReadAsync(next);
        IReadOnlyDictionary<string, double> third = await CreatedAsync(await ReadAsync(next));
        Assert.Equal(totals.Select(metric => first[metric]), totals.Select(metric => third[metric]));
        Assert.All(third.Where(metric => !second.ContainsKey(metric.Key)), metric => Assert.True(metric.Value > restarted, metric.Key));
        Assert.Contains(third.Keys, static metric => metric.Contains("tiny-embed", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(3, false)]
    [InlineData(3, true)]
    public async Task Prometheus_takes_them_and_can_see_the_first_count(int version, bool usesCreationTimes)
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { HasTcp = true });
        await using PrometheusProcess prometheus = await PrometheusProcess.StartAsync(
            $$"""
            scrape_configs:
              - job_name: daemon
                scrape_interval: 1s
                scrape_timeout: 1s
                static_configs:
                  - targets: ["{{daemon.TcpAddress.Authority}}"]
            """,
            Cancellation, version, usesCreationTimes ? ["--enable-feature=created-timestamp-zero-ingestion"] : []);
        await DaemonFixture.WaitUntilAsync(async () => await ValueAsync(prometheus, "model_runner_scrapes_total{format=\"openmetrics\"}") > 0, DaemonFixture.Patience);
        await LoadAsync(daemon);

        const string First = "model_runner_requests_total{outcome=\"completed\"}";
        await DaemonFixture.WaitUntilAsync(async () => await ValueAsync(prometheus, First) == 1, DaemonFixture.Patience);
        Assert.Equal(1, await ValueAsync(prometheus, "up"));
        if (usesCreationTimes)
            await DaemonFixture.WaitUntilAsync(async () => await ValueAsync(prometheus, $"min_over_time({First}[5m])") == 0, DaemonFixture.Patience);
        else
            Assert.InRange(await ValueAsync(prometheus, "model_runner_requests_created{outcome=\"completed\"}"), Now - 300, Now);
    }

    private static double Now => (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;

    private static async Task LoadAsync(DaemonFixture daemon)
    {
        using HttpResponseMessage stream = await daemon.SendAsync(
            "v1/chat/completions", Chat.Replace("}]}", "}],\"stream\":true}", StringComparison.Ordinal), HttpCompletionOption.ResponseContentRead, Cancellation);
        await AccountedPage.ReadAsync(daemon);
    }

    private static async Task<string> ReadAsync(DaemonFixture daemon)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "metrics");
        request.Headers.TryAddWithoutValidation("Accept", "application/openmetrics-text;version=1.0.0");
        using HttpResponseMessage response = await daemon.Client.SendAsync(request, Cancellation);
        return await response.Content.ReadAsStringAsync(Cancellation);
    }

    /// <summary>The creation time of each metric.</summary>
    private static async Task<IReadOnlyDictionary<string, double>> CreatedAsync(string page)
    {
        (int exitCode, string output, string error) = await ChildProgram.RunAsync("python3", ["-c", Script], Encoding.UTF8.GetBytes(page), Cancellation);
        Assert.True(exitCode == 0, error);
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.DoesNotContain(lines, static line => line.EndsWith(" none", StringComparison.Ordinal));
        return lines.ToDictionary(
            static line => line[..line.LastIndexOf(' ')],
            static line => double.Parse(line[line.LastIndexOf(' ')..], CultureInfo.InvariantCulture), StringComparer.Ordinal);
    }

    private static async Task<double> ValueAsync(PrometheusProcess prometheus, string query)
    {
        JsonElement data = await prometheus.GetAsync($"api/v1/query?query={Uri.EscapeDataString(query)}", Cancellation);
        JsonElement result = data.GetProperty("result");
        return result.GetArrayLength() == 0 ? double.NaN : double.Parse(result[0].GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture);
    }
}
