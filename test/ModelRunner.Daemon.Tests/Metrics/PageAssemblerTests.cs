using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Metrics;
using ModelRunner.Daemon.Runners;
using ModelRunner.Daemon.Scraping;
using ModelRunner.Daemon.Tests.Scraping;
using ModelRunner.Exposition;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Metrics;

public sealed partial class PageAssemblerTests
{
    private static readonly NegotiatedExposition Text = ContentNegotiation.Negotiate(accept: null);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task CLI_01_Without_runners_the_page_has_the_daemons_families()
    {
        string page = await PageAsync([]);

        Assert.Contains("model_runner_build_info{version=\"", page, StringComparison.Ordinal);
        foreach (string state in (string[])["loading", "ready", "stopping", "failed"])
            Assert.Contains($"model_runner_runners{{state=\"{state}\"}} 0\n", page, StringComparison.Ordinal);
        Assert.DoesNotContain("model_runner_up", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TMO_06_An_unreadable_body_affects_only_its_runner_and_has_a_reason()
    {
        await using RawRunner good = RawRunner.WithPage(1, "# TYPE rt:u counter\nrt:u 5\n");
        await using RawRunner bad = RawRunner.WithPage(2, "\"# TYPE rt:u counter\\nrt:u 3\\n\"\n");

        string page = await PageAsync([good.Snapshot, bad.Snapshot]);

        Assert.Contains("rt:u{backend=\"llama.cpp\",model=\"m1:latest\",mode=\"completion\"} 5\n", page, StringComparison.Ordinal);
        Assert.Contains("model_runner_up{backend=\"llama.cpp\",model=\"m1:latest\",mode=\"completion\"} 1\n", page, StringComparison.Ordinal);
        Assert.Contains("model_runner_up{backend=\"llama.cpp\",model=\"m2:latest\",mode=\"completion\"} 0\n", page, StringComparison.Ordinal);
        Assert.Contains("model_runner_down_info{backend=\"llama.cpp\",model=\"m2:latest\",mode=\"completion\",reason=\"parse\"} 1\n", page, StringComparison.Ordinal);
        Assert.Contains("model_runner_scrape_failures_total{backend=\"llama.cpp\",model=\"m2:latest\",mode=\"completion\",reason=\"parse\"} 1\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_is_released_when_its_page_is_written_and_can_no_longer_be_shared()
    {
        await using RawRunner runner = RawRunner.WithPage(1, "x 1\n");
        var time = new FakeTimeProvider();
        var settings = new MetricsSettings { MinInterval = TimeSpan.FromSeconds(1) };
        using var scraper = new RunnerScraper(settings, time);
        using var pages = new ScrapedPages(() => [runner.Snapshot], scraper, settings, time, NullLogger<PageAssembler>.Instance);
        ScrapeDeadlines deadlines = ScrapeDeadlines.Of("60", TimeSpan.FromSeconds(60));

        using PageReader reader = (await pages.AssembleAsync(new PageForm(Text, UseGzip: false, MayBeParted: true), deadlines, time.GetTimestamp(), Cancellation))!;
        RunnerScrape reading = reader.Page.Scrape.Outcomes[0].RunnerScrape!;
        Assert.Equal(4, reading.Body.Length);
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.True(reader.Page.IsComplete);
        await DaemonFixture.WaitUntilAsync(() => Task.FromResult(reading.Body.IsEmpty), DaemonFixture.Patience);
    }

    [Fact]
    public async Task The_content_type_of_a_response_decides_how_it_is_parsed()
    {
        const string Seconds = "x 1 1700000000.123\n";
        await using RawRunner openMetrics = RawRunner.WithBytes(1, RawRunner.Page(Seconds, "Content-Type: application/openmetrics-text; version=1.0.0\r\n"));
        await using RawRunner text = RawRunner.WithBytes(2, RawRunner.Page(Seconds));

        string page = await PageAsync([openMetrics.Snapshot, text.Snapshot]);

        Assert.Contains("x{backend=\"llama.cpp\",model=\"m1:latest\",mode=\"completion\"} 1\n", page, StringComparison.Ordinal);
        Assert.DoesNotContain("x{backend=\"llama.cpp\",model=\"m2:latest\"", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dropped_lines_of_a_refused_page_are_counted_on_the_next_page()
    {
        await using RawRunner bad = RawRunner.WithPage(1, "<html>\n<body>\n");
        using var scraper = new RunnerScraper(new MetricsSettings { MinInterval = TimeSpan.FromHours(1) }, TimeProvider.System);
        using ScrapedPages pages = Assembler([bad.Snapshot], scraper);

        await PageAsync(pages);
        string page = await PageAsync(pages);

        Assert.Contains(
            "model_runner_scrape_lines_dropped_total{backend=\"llama.cpp\",model=\"m1:latest\",mode=\"completion\",reason=\"invalid_name\"} 2\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_waits_for_capacity_does_not_count_as_a_runner()
    {
        await using RawRunner runner = RawRunner.WithPage(1, "x 1\n");

        string page = await PageAsync([runner.Snapshot with { State = RunnerState.Waiting }]);

        Assert.DoesNotContain("m1:latest", page, StringComparison.Ordinal);
        Assert.Contains("model_runner_runners{state=\"loading\"} 0\n", page, StringComparison.Ordinal);
        Assert.Empty(runner.Requests);
    }

    [Fact]
    public async Task Stops_are_on_the_page_when_their_runner_is_gone_and_a_scrape_does_not_change_them()
    {
        var accounts = new RunnerAccounts(maxModels: 10);
        using var scraper = new RunnerScraper(new MetricsSettings(), TimeProvider.System);
        using var pages = new ScrapedPages(
            () => [], scraper, new MetricsSettings(), TimeProvider.System, NullLogger<PageAssembler>.Instance,
            runnerMetrics: new RunnerMetrics(accounts, static () => null));
        Assert.DoesNotContain("model_runner_stops_total", await PageAsync(pages), StringComparison.Ordinal);

        RunnerAccount b = accounts.Begin(new RunnerKey("vllm", "b:latest", RunnerMode.Embedding), new RunnerId(1), DateTimeOffset.UnixEpoch);
        RunnerAccount a = accounts.Begin(new RunnerKey("llama.cpp", "a:latest", RunnerMode.Completion), new RunnerId(2), DateTimeOffset.UnixEpoch);
        b.Add(StopReason.OutOfMemory, 1, 0);
        a.Add(StopReason.Idle, 1, 0);
        a.Add(StopReason.Killed, 1, 0);
        a.Add(StopReason.Idle, 1, 0);
        await PageAsync(pages);
        string page = await PageAsync(pages);

        Assert.Equal(
            [
                "model_runner_stops_total{backend=\"llama.cpp\",model=\"a:latest\",mode=\"completion\",reason=\"idle\"} 2",
                "model_runner_stops_total{backend=\"llama.cpp\",model=\"a:latest\",mode=\"completion\",reason=\"killed\"} 1",
                "model_runner_stops_total{backend=\"vllm\",model=\"b:latest\",mode=\"embedding\",reason=\"out_of_memory\"} 1",
            ],
            page.Split('\n').Where(static line => line.StartsWith("model_runner_stops_total{", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_health_of_runners_cannot_be_forged()
    {
        await using RawRunner liar = RawRunner.WithPage(1, "model_runner_up{model=\"other\"} 1\nx 1\n");

        using var scraper = new RunnerScraper(new MetricsSettings { MinInterval = TimeSpan.FromHours(1) }, TimeProvider.System);
        using ScrapedPages pages = Assembler([liar.Snapshot], scraper);
        await PageAsync(pages);
        string page = await PageAsync(pages);

        Assert.DoesNotContain("other", page, StringComparison.Ordinal);
        Assert.Contains("model_runner_scrape_lines_dropped_total{backend=\"llama.cpp\",model=\"m1:latest\",mode=\"completion\",reason=\"reserved_name\"} 1\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LBL_10_One_model_in_two_backends_is_two_series()
    {
        await using RawRunner one = RawRunner.WithPage(1, "x 1\n");
        await using RawRunner two = RawRunner.WithPage(2, "x 2\n");

        string page = await PageAsync([one.Snapshot, two.Snapshot with { Key = one.Snapshot.Key with { Backend = "vllm" } }]);

        Assert.Contains("x{backend=\"llama.cpp\",model=\"m1:latest\",mode=\"completion\"} 1\n", page, StringComparison.Ordinal);
        Assert.Contains("x{backend=\"vllm\",model=\"m1:latest\",mode=\"completion\"} 2\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_may_have_any_name()
    {
        await using RawRunner runner = RawRunner.WithPage(1, "x 1\n");

        string page = await PageAsync([runner.Snapshot with { Key = runner.Snapshot.Key with { Model = "a\"} 9\nevil 1\\ ü" } }]);

        Assert.Contains("x{backend=\"llama.cpp\",model=\"a\\\"} 9\\nevil 1\\\\ ü\",mode=\"completion\"} 1\n", page, StringComparison.Ordinal);
        Assert.DoesNotContain("\nevil", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LIF_08_The_log_says_once_that_a_runner_has_no_metrics_and_once_that_it_has()
    {
        await using var runner = RawRunner.WithPage(1, "x 1\n");
        Func<Stream, CancellationToken, Task<bool>> good = runner.Answer;
        var log = new ListLogger<PageAssembler>();
        using var scraper = new RunnerScraper(new MetricsSettings { MinInterval = TimeSpan.Zero }, TimeProvider.System);
        using ScrapedPages pages = Assembler([runner.Snapshot], scraper, log);

        await PageAsync(pages);
        runner.Answer = static (stream, _) => RawRunner.WriteAsync(stream, RawRunner.Page("{}", status: "501 Not Implemented"));
        await PageAsync(pages);
        await PageAsync(pages);
        runner.Answer = static (stream, _) => RawRunner.WriteAsync(
            stream, RawRunner.Page("""{"error":{"message":"Loading model"}}""", status: "503 Service Unavailable"));
        Assert.Contains("reason=\"loading\"", await PageAsync(pages), StringComparison.Ordinal);
        runner.Answer = good;
        await PageAsync(pages);

        Assert.Equal(
            [
                "/metrics does not show the series of m1:latest (llama.cpp, completion): its page /metrics responded with status 501.",
                "/metrics shows the series of m1:latest (llama.cpp, completion) again.",
            ],
            log.Lines);
    }

    [Fact]
    public async Task A_page_that_does_not_get_the_merge_lock_in_time_is_refused()
    {
        await using RawRunner bad = RawRunner.WithBytes(1, RawRunner.Page("", status: "500 Internal Server Error"));
        var merging = new TaskCompletionSource();
        using var goOn = new ManualResetEventSlim();
        var log = new ListLogger<PageAssembler>
        {
            Logging = () =>
        {
            merging.TrySetResult();
            goOn.Wait(Cancellation);
        }
        };
        var time = new FakeTimeProvider();
        using var scraper = new RunnerScraper(new MetricsSettings(), TimeProvider.System);
        using var pages = new ScrapedPages(() => [bad.Snapshot], scraper, new MetricsSettings(), time, log);

        // The second page has one hour from its arrival, and its runners used all of it.
        Task<string> first = Task.Run(() => PageAsync(pages), Cancellation);
        await merging.Task;
        ScrapeDeadlines deadlines = new(TimeSpan.FromSeconds(30), TimeSpan.FromHours(1), TimeSpan.FromHours(1), TimeSpan.FromSeconds(5));
        long arrivedAt = time.GetTimestamp();
        time.Advance(TimeSpan.FromHours(1));
        PageReader? second = await pages.AssembleAsync(new PageForm(Text, UseGzip: false, MayBeParted: true), deadlines, arrivedAt, Cancellation)
            .WaitAsync(DaemonFixture.Patience, Cancellation);
        goOn.Set();

        Assert.Null(second);
        Assert.Contains("model_runner_down_info", await first, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EXP_20_Numbers_on_the_page_do_not_depend_on_the_culture()
    {
        var odd = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        odd.NumberFormat = new NumberFormatInfo { NumberDecimalSeparator = ",", NumberGroupSeparator = ".", NegativeSign = "\u2212", NaNSymbol = "nothing", PositiveInfinitySymbol = "\u221e" };
        CultureInfo before = CultureInfo.CurrentCulture;
        await using RawRunner runner = RawRunner.WithPage(1, "rt:s 4.25\nrt:comma 4,25\nrt:minus -1.5\n");
        using var scraper = new RunnerScraper(new MetricsSettings { MinInterval = TimeSpan.Zero }, TimeProvider.System);
        using ScrapedPages pages = Assembler([runner.Snapshot], scraper);
        try
        {
            // The culture applies to all tasks that are awaited here.
            CultureInfo.CurrentCulture = odd;
            string page = await PageAsync(pages);

            const string Labels = "{backend=\"llama.cpp\",model=\"m1:latest\",mode=\"completion\"}";
            Assert.Contains($"\nrt:s{Labels} 4.25\n", page, StringComparison.Ordinal);
            Assert.Contains($"\nrt:minus{Labels} -1.5\n", page, StringComparison.Ordinal);
            Assert.DoesNotContain("rt:comma", page, StringComparison.Ordinal);
            Assert.Matches("\nmodel_runner_process_cpu_seconds_total [0-9]+\\.[0-9]+(e-[0-9]+)?\n", page);
            Assert.Matches("\nmodel_runner_scrape_duration_seconds\\{[^}]*\\} [0-9]+(\\.[0-9]+)?(e-[0-9]+)?\n", page);
            Assert.Equal(1.62, ScrapeDeadlines.Of("2.0", TimeSpan.FromSeconds(5)).Runners.TotalSeconds, precision: 6);
            Assert.Equal(4.5, ScrapeDeadlines.Of("2,0", TimeSpan.FromSeconds(5)).Runners.TotalSeconds, precision: 6);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public async Task A_runner_with_more_samples_than_the_limit_is_left_out_and_the_daemon_s_own_families_are_not()
    {
        await using RawRunner large = RawRunner.WithPage(1, "# TYPE x gauge\nx{n=\"1\"} 1\nx{n=\"2\"} 1\nx{n=\"3\"} 1\n");
        await using RawRunner small = RawRunner.WithPage(2, "x 1\ny 1\n");
        var settings = new MetricsSettings { MaxSamples = 2, MinInterval = TimeSpan.Zero };
        using var scraper = new RunnerScraper(settings, TimeProvider.System);
        using var pages = new ScrapedPages(() => [large.Snapshot, small.Snapshot], scraper, settings, TimeProvider.System, NullLogger<PageAssembler>.Instance);

        string page = await PageAsync(pages);

        const string Large = "backend=\"llama.cpp\",model=\"m1:latest\",mode=\"completion\"";
        Assert.Contains($"\nmodel_runner_up{{{Large}}} 0\n", page, StringComparison.Ordinal);
        Assert.Contains($"\nmodel_runner_down_info{{{Large},reason=\"too_large\"}} 1\n", page, StringComparison.Ordinal);
        Assert.Contains($"\nmodel_runner_scrape_failures_total{{{Large},reason=\"too_large\"}} 1\n", page, StringComparison.Ordinal);
        Assert.DoesNotContain("model_runner_scrape_lines_dropped_total", page, StringComparison.Ordinal);
        Assert.Contains("\n# TYPE x untyped\nx{backend=\"llama.cpp\",model=\"m2:latest\",mode=\"completion\"} 1\n", page, StringComparison.Ordinal);
        Assert.Contains("\nmodel_runner_runners{state=\"stopping\"} 0\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sample_that_is_dropped_by_escaping_is_counted_once_per_scrape()
    {
        await using RawRunner runner = RawRunner.WithPage(1, "{\"rt.units\"} 1\nrt_units 2\n");
        using var scraper = new RunnerScraper(new MetricsSettings { MinInterval = TimeSpan.FromHours(1) }, TimeProvider.System);
        using ScrapedPages pages = Assembler([runner.Snapshot], scraper);
        NegotiatedExposition utf8 = ContentNegotiation.Negotiate("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8");

        Assert.Contains("\n{\"rt.units\",", await PageAsync(pages, utf8), StringComparison.Ordinal);
        await PageAsync(pages);
        await PageAsync(pages);
        string page = await PageAsync(pages);

        Assert.Contains(
            "model_runner_scrape_lines_dropped_total{backend=\"llama.cpp\",model=\"m1:latest\",mode=\"completion\",reason=\"escaping_collision\"} 1\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sample_that_the_first_page_of_a_scrape_loses_by_escaping_is_counted_once()
    {
        await using RawRunner runner = RawRunner.WithPage(1, "{\"rt.units\"} 1\nrt_units 2\n");
        using var scraper = new RunnerScraper(new MetricsSettings { MinInterval = TimeSpan.FromHours(1) }, TimeProvider.System);
        using ScrapedPages pages = Assembler([runner.Snapshot], scraper);

        await PageAsync(pages);
        await PageAsync(pages);
        string page = await PageAsync(pages);

        Assert.Contains(
            "model_runner_scrape_lines_dropped_total{backend=\"llama.cpp\",model=\"m1:latest\",mode=\"completion\",reason=\"escaping_collision\"} 1\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LBL_06_Two_replicas_have_a_fourth_label()
    {
        await using RawRunner one = RawRunner.WithPage(1, "x 1\n");
        await using RawRunner two = RawRunner.WithPage(2, "x 2\n");

        string page = await PageAsync([one.Snapshot with { Replica = "a" }, two.Snapshot with { Key = one.Snapshot.Key, Replica = "b" }]);

        Assert.Contains("x{backend=\"llama.cpp\",model=\"m1:latest\",mode=\"completion\",replica=\"a\"} 1\n", page, StringComparison.Ordinal);
        Assert.Contains("x{backend=\"llama.cpp\",model=\"m1:latest\",mode=\"completion\",replica=\"b\"} 2\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MRG_11_The_same_state_gives_the_same_bytes()
    {
        RawRunner[] runners = [.. Enumerable.Range(1, 5).Select(static id => RawRunner.WithPage(id, $"# TYPE b counter\nb {id}\n# TYPE a gauge\na {id}\n"))];
        using var scraper = new RunnerScraper(new MetricsSettings { MinInterval = TimeSpan.Zero }, TimeProvider.System);
        using ScrapedPages pages = Assembler([.. runners.Select(static runner => runner.Snapshot)], scraper);

        HashSet<string> distinct = new(StringComparer.Ordinal);
        for (int i = 0; i < 20; i++)
            distinct.Add(OwnDurations().Replace(await PageAsync(pages), ""));

        Assert.Single(distinct);
        foreach (RawRunner runner in runners)
            await runner.DisposeAsync();
    }

    [Fact]
    public async Task A_failed_scrape_that_pages_share_is_counted_once()
    {
        await using RawRunner runner = RawRunner.WithBytes(1, RawRunner.Page("", status: "500 Internal Server Error"));
        using var scraper = new RunnerScraper(new MetricsSettings { MinInterval = TimeSpan.FromHours(1) }, TimeProvider.System);
        using ScrapedPages pages = Assembler([runner.Snapshot], scraper);

        await PageAsync(pages);
        string page = await PageAsync(pages);

        Assert.Single(runner.Requests);
        Assert.Contains("reason=\"status\"} 1\n", page, StringComparison.Ordinal);
        Assert.DoesNotContain("reason=\"status\"} 2\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task In_OpenMetrics_only_families_of_seconds_or_bytes_have_a_unit()
    {
        await using RawRunner runner = RawRunner.WithPage(1, "x 1\n");
        using var scraper = new RunnerScraper(new MetricsSettings(), TimeProvider.System);
        using ScrapedPages pages = Assembler([runner.Snapshot], scraper);

        string page = await PageAsync(pages, ContentNegotiation.Negotiate("application/openmetrics-text; version=1.0.0"));
        string[] units = [.. page.Split('\n').Where(static line => line.StartsWith("# UNIT ", StringComparison.Ordinal))];
        string[] expected = [.. OwnUnits().Matches(page).Select(static match => $"# UNIT {match.Groups["name"].Value} {match.Groups["unit"].Value}")];

        Assert.Equal(6, expected.Length);
        Assert.Equal(expected, units);
        Assert.DoesNotContain("# UNIT", await PageAsync(pages), StringComparison.Ordinal);
    }

    [GeneratedRegex("^# TYPE (?<name>model_runner_[a-z_]+_(?<unit>seconds|bytes)) ", RegexOptions.ExplicitCapture | RegexOptions.Multiline, 10_000)]
    private static partial Regex OwnUnits();

    private static ScrapedPages Assembler(
        IReadOnlyList<RunnerSnapshot> runners, RunnerScraper scraper, ILogger<PageAssembler>? log = null) =>
        new(() => runners, scraper, new MetricsSettings(), TimeProvider.System, log ?? NullLogger<PageAssembler>.Instance);

    private static async Task<string> PageAsync(IReadOnlyList<RunnerSnapshot> runners)
    {
        using var scraper = new RunnerScraper(new MetricsSettings(), TimeProvider.System);
        using ScrapedPages pages = Assembler(runners, scraper);
        return await PageAsync(pages);
    }

    private static async Task<string> PageAsync(ScrapedPages pages, NegotiatedExposition? answer = null)
    {
        ScrapeDeadlines deadlines = ScrapeDeadlines.Of("60", TimeSpan.FromSeconds(60));
        using PageReader? page = await pages.AssembleAsync(
            new PageForm(answer ?? Text, UseGzip: false, MayBeParted: false), deadlines, TimeProvider.System.GetTimestamp(), Cancellation);
        return await page!.ReadToEndAsync(Cancellation);
    }

    [GeneratedRegex("(?m)^model_runner_(process_|scrape_duration).*$", RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex OwnDurations();
}
