using System.Text;
using System.Text.RegularExpressions;
using ModelRunner.Daemon.Configuration;
using ModelRunner.Daemon.Metrics;
using ModelRunner.Daemon.Runners;
using ModelRunner.Daemon.Scraping;
using ModelRunner.Daemon.Tests.Scraping;
using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Tests.Metrics;

public sealed partial class PageAssemblerTests
{
    private static readonly NegotiatedExposition Text = ContentNegotiation.Negotiate(accept: null);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task CLI_01_With_no_runner_the_page_still_says_so()
    {
        string page = await PageAsync([]);

        Assert.Contains("model_runner_build_info{version=\"", page, StringComparison.Ordinal);
        foreach (string state in (string[])["loading", "ready", "stopping", "failed"])
            Assert.Contains($"model_runner_runners{{state=\"{state}\"}} 0\n", page, StringComparison.Ordinal);
        Assert.DoesNotContain("model_runner_runner_up", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TMO_06_A_body_that_cannot_be_read_costs_its_runner_alone_and_says_why()
    {
        await using RawRunner good = RawRunner.WithPage(1, "# TYPE rt:u counter\nrt:u 5\n");
        await using RawRunner bad = RawRunner.WithPage(2, "\"# TYPE rt:u counter\\nrt:u 3\\n\"\n");

        string page = await PageAsync([good.Snapshot, bad.Snapshot]);

        Assert.Contains("rt:u{backend=\"llama.cpp\",model=\"m1:latest\",mode=\"completion\"} 5\n", page, StringComparison.Ordinal);
        Assert.Contains("model_runner_runner_up{backend=\"llama.cpp\",model=\"m1:latest\",mode=\"completion\"} 1\n", page, StringComparison.Ordinal);
        Assert.Contains("model_runner_runner_up{backend=\"llama.cpp\",model=\"m2:latest\",mode=\"completion\"} 0\n", page, StringComparison.Ordinal);
        Assert.Contains("model_runner_runner_down{backend=\"llama.cpp\",model=\"m2:latest\",mode=\"completion\",reason=\"parse\"} 1\n", page, StringComparison.Ordinal);
        Assert.Contains("model_runner_runner_scrape_failures_total{backend=\"llama.cpp\",model=\"m2:latest\",mode=\"completion\",reason=\"parse\"} 1\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_health_of_runners_cannot_be_forged()
    {
        await using RawRunner liar = RawRunner.WithPage(1, "model_runner_runner_up{model=\"other\"} 1\nx 1\n");

        using var scraper = new RunnerScraper(new MetricsSettings(), TimeProvider.System);
        PageAssembler pages = Assembler([liar.Snapshot], scraper);
        await PageAsync(pages);
        string page = await PageAsync(pages);

        Assert.DoesNotContain("other", page, StringComparison.Ordinal);
        Assert.Contains("model_runner_runner_dropped_total{backend=\"llama.cpp\",model=\"m1:latest\",mode=\"completion\",reason=\"reserved_name\"} 1\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LBL_10_Two_replicas_have_a_fourth_label()
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
        PageAssembler pages = Assembler([.. runners.Select(static runner => runner.Snapshot)], scraper);

        HashSet<string> distinct = new(StringComparer.Ordinal);
        for (int i = 0; i < 20; i++)
            distinct.Add(OwnDurations().Replace(await PageAsync(pages), ""));

        Assert.Single(distinct);
        foreach (RawRunner runner in runners)
            await runner.DisposeAsync();
    }

    [Fact]
    public async Task A_failed_reading_that_pages_share_is_counted_once()
    {
        await using RawRunner runner = RawRunner.WithBytes(1, RawRunner.Page("", status: "500 Internal Server Error"));
        using var scraper = new RunnerScraper(new MetricsSettings { MinInterval = TimeSpan.FromHours(1) }, TimeProvider.System);
        PageAssembler pages = Assembler([runner.Snapshot], scraper);

        await PageAsync(pages);
        string page = await PageAsync(pages);

        Assert.Single(runner.Requests);
        Assert.Contains("reason=\"status\"} 1\n", page, StringComparison.Ordinal);
        Assert.DoesNotContain("reason=\"status\"} 2\n", page, StringComparison.Ordinal);
    }

    private static PageAssembler Assembler(IReadOnlyList<RunnerSnapshot> runners, RunnerScraper scraper) =>
        new(() => runners, scraper, new MetricsSettings(), TimeProvider.System);

    private static async Task<string> PageAsync(IReadOnlyList<RunnerSnapshot> runners)
    {
        using var scraper = new RunnerScraper(new MetricsSettings(), TimeProvider.System);
        return await PageAsync(Assembler(runners, scraper));
    }

    private static async Task<string> PageAsync(PageAssembler pages)
    {
        using SegmentedBuffer page = await pages.AssembleAsync(Text, TimeSpan.FromSeconds(30), Cancellation);
        return Encoding.UTF8.GetString(page.ToMemory().Span);
    }

    [GeneratedRegex("(?m)^model_runner_(process_|runner_scrape_duration).*$", RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex OwnDurations();
}
