using System.Globalization;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Metrics;
using ModelRunner.Daemon.Scraping;
using ModelRunner.Daemon.Tests.Scraping;
using ModelRunner.Exposition;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Metrics;

/// <summary>Several clients of one page, including slow ones, and the limits of time and memory.</summary>
public sealed class SharedPageTests
{
    private static readonly NegotiatedExposition Text = ContentNegotiation.Negotiate(accept: null);
    private static readonly NegotiatedExposition OpenMetrics = ContentNegotiation.Negotiate("application/openmetrics-text; version=1.0.0");
    private static readonly string LargePage = Large(60);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Scrapes_with_the_same_bodies_share_one_page_and_each_gets_all_of_it(bool useGzip)
    {
        await using RawRunner runner = RawRunner.WithPage(1, LargePage);
        using var scraper = new RunnerScraper(new MetricsSettings { MinInterval = TimeSpan.FromHours(1) }, TimeProvider.System);
        using ScrapedPages pages = Assembler(runner, scraper);
        var form = new PageForm(Text, useGzip, MayBeParted: true);

        using PageReader first = await AssembleAsync(pages, form);
        using PageReader second = await AssembleAsync(pages, form);
        using PageReader other = await AssembleAsync(pages, form with { Exposition = OpenMetrics });
        Assert.Same(first.Page, second.Page);
        Assert.NotSame(first.Page, other.Page);

        // The first one is faster; the parts that it received are kept for the second.
        byte[] one = await ReadAsync(first);
        byte[] two = await ReadAsync(second);
        using PageReader third = await AssembleAsync(pages, form);

        Assert.NotSame(first.Page, third.Page);
        Assert.Equal(one, two);
        string page = Encoding.UTF8.GetString(useGzip ? Unpack(one) : one);
        Assert.Equal(60 * 600, page.Split('\n').Count(static line => line.StartsWith('f')));
        Assert.EndsWith("\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reader_that_leaves_does_not_affect_others_and_releases_its_memory()
    {
        await using RawRunner runner = RawRunner.WithPage(1, LargePage);
        using var scraper = new RunnerScraper(new MetricsSettings { MinInterval = TimeSpan.FromHours(1) }, TimeProvider.System);
        using ScrapedPages pages = Assembler(runner, scraper);
        var form = new PageForm(Text, UseGzip: false, MayBeParted: true);
        PageReader gone = await AssembleAsync(pages, form);
        PageReader slow = await AssembleAsync(pages, form);
        PageReader quick = await AssembleAsync(pages, form);
        PageBudget budget = quick.Page.Budget;
        await gone.NextAsync(Cancellation);
        await gone.NextAsync(Cancellation);

        gone.Dispose();
        string page = Encoding.UTF8.GetString(await ReadAsync(quick));
        Assert.True(quick.Page.IsComplete);
        Assert.InRange(budget.Used, LargePage.Length, long.MaxValue);
        Assert.Equal(page, Encoding.UTF8.GetString(await ReadAsync(slow)));
        quick.Dispose();
        slow.Dispose();

        Assert.Equal(0, budget.Used);
    }

    [Fact]
    public async Task If_pages_use_too_much_memory_the_reader_without_progress_is_disconnected()
    {
        await using RawRunner runner = RawRunner.WithPage(1, LargePage);
        var time = new FakeTimeProvider();
        using var scraper = new RunnerScraper(new MetricsSettings { MinInterval = TimeSpan.FromHours(1) }, TimeProvider.System);
        using var pages = new ScrapedPages(() => [runner.Snapshot], scraper, new MetricsSettings(), time, NullLogger<PageAssembler>.Instance, maxPageBytes: 1);
        ScrapeDeadlines deadlines = ScrapeDeadlines.Of("60", TimeSpan.FromSeconds(60));

        using PageReader stuck = (await pages.AssembleAsync(new PageForm(Text, UseGzip: false, MayBeParted: true), deadlines, time.GetTimestamp(), Cancellation))!;
        Task sending = new PageSender(time).SendAsync(StuckClient(), stuck, TimeSpan.FromHours(1), TimeSpan.FromHours(1));
        await DaemonFixture.WaitUntilAsync(() => Task.FromResult(stuck.Idle is not null), DaemonFixture.Patience);
        time.Advance(PageBudget.MinIdle);
        using PageReader? next = await pages.AssembleAsync(new PageForm(OpenMetrics, UseGzip: false, MayBeParted: true), deadlines, time.GetTimestamp(), Cancellation);

        Assert.NotNull(next);
        await sending.WaitAsync(DaemonFixture.Patience, Cancellation);
        Assert.EndsWith("# EOF\n", await next.ReadToEndAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reader_that_reads_nothing_for_too_long_is_disconnected()
    {
        await using RawRunner runner = RawRunner.WithPage(1, LargePage);
        var time = new FakeTimeProvider();
        using var scraper = new RunnerScraper(new MetricsSettings(), TimeProvider.System);
        using ScrapedPages pages = Assembler(runner, scraper);
        using PageReader stuck = await AssembleAsync(pages, new PageForm(Text, UseGzip: false, MayBeParted: true));

        Task sending = new PageSender(time).SendAsync(StuckClient(), stuck, TimeSpan.FromHours(1), TimeSpan.FromSeconds(5));
        await DaemonFixture.WaitUntilAsync(() => Task.FromResult(stuck.Idle is not null), DaemonFixture.Patience);
        time.Advance(TimeSpan.FromSeconds(5) - TimeSpan.FromTicks(1));
        Assert.False(sending.IsCompleted);
        time.Advance(TimeSpan.FromTicks(1));

        await sending.WaitAsync(DaemonFixture.Patience, Cancellation);
    }

    [Fact]
    public async Task A_body_that_cannot_be_merged_in_time_is_omitted_with_its_reason()
    {
        await using RawRunner large = RawRunner.WithPage(1, LargePage);
        await using RawRunner small = RawRunner.WithPage(2, "x 1\n");
        var time = new FakeTimeProvider();
        using var scraper = new RunnerScraper(new MetricsSettings { MinInterval = TimeSpan.FromHours(1) }, TimeProvider.System);
        using var pages = new ScrapedPages(() => [large.Snapshot, small.Snapshot], scraper, new MetricsSettings(), time, NullLogger<PageAssembler>.Instance);
        var form = new PageForm(Text, UseGzip: false, MayBeParted: false);
        ScrapeDeadlines deadlines = new(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(40), TimeSpan.FromHours(1), TimeSpan.FromSeconds(5));

        // The deadline has passed when the merge begins.
        long arrivedAt = time.GetTimestamp();
        time.Advance(TimeSpan.FromSeconds(40));
        using PageReader reader = (await pages.AssembleAsync(form, deadlines, arrivedAt, Cancellation))!;
        string late = await reader.ReadToEndAsync(Cancellation);
        using PageReader inTime = (await pages.AssembleAsync(form, deadlines, time.GetTimestamp(), Cancellation))!;
        string whole = await inTime.ReadToEndAsync(Cancellation);

        const string Labels = "backend=\"llama.cpp\",model=\"m1:latest\",mode=\"completion\"";
        Assert.Contains($"\nmodel_runner_down_info{{{Labels},reason=\"timeout\"}} 1\n", late, StringComparison.Ordinal);
        Assert.Contains($"\nmodel_runner_up{{{Labels}}} 0\n", late, StringComparison.Ordinal);
        Assert.Contains("\nx{backend=\"llama.cpp\",model=\"m2:latest\",mode=\"completion\"} 1\n", late, StringComparison.Ordinal);
        Assert.DoesNotContain("\nf00", late, StringComparison.Ordinal);
        Assert.Contains($"\nmodel_runner_up{{{Labels}}} 1\n", whole, StringComparison.Ordinal);
        Assert.Contains("\nf00{", whole, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Runners_above_the_limit_of_all_bodies_are_too_large()
    {
        RawRunner[] runners = [.. Enumerable.Range(1, 3).Select(static id => RawRunner.WithPage(id, LargePage))];
        var settings = new MetricsSettings { MaxTotalBodyBytes = LargePage.Length * 5 / 2, MinInterval = TimeSpan.Zero };
        using var scraper = new RunnerScraper(settings, TimeProvider.System);
        using var pages = new ScrapedPages(
            () => [.. runners.Select(static runner => runner.Snapshot)], scraper, settings, TimeProvider.System, NullLogger<PageAssembler>.Instance);

        // If all three grew at the same time, each could fail at the memory of the others.
        foreach (RawRunner later in runners[1..])
        {
            later.Answer = async (stream, _) =>
            {
                await DaemonFixture.WaitUntilAsync(() => Task.FromResult(scraper.Bodies.Used >= LargePage.Length), DaemonFixture.Patience);
                return await RawRunner.WriteAsync(stream, RawRunner.Page(LargePage));
            };
        }

        using PageReader reader = await AssembleAsync(pages, new PageForm(Text, UseGzip: false, MayBeParted: false));
        string page = await reader.ReadToEndAsync(Cancellation);

        int[] up = [.. Enumerable.Range(1, 3).Where(id => page.Contains(
            string.Create(CultureInfo.InvariantCulture, $"\nmodel_runner_up{{backend=\"llama.cpp\",model=\"m{id}:latest\",mode=\"completion\"}} 1\n"), StringComparison.Ordinal))];
        Assert.InRange(up.Length, 1, 2);
        Assert.Equal(3 - up.Length, page.Split("reason=\"too_large\"} 1\n").Length - 1 - (3 - up.Length));
        await DaemonFixture.WaitUntilAsync(() => Task.FromResult(scraper.Bodies.Used == 0), DaemonFixture.Patience);
        foreach (RawRunner runner in runners)
            await runner.DisposeAsync();
    }

    [Fact]
    public async Task If_the_bodies_of_an_unread_page_fill_the_budget_the_next_scrape_waits_for_them()
    {
        await using RawRunner runner = RawRunner.WithPage(1, LargePage);
        var time = new FakeTimeProvider();
        var settings = new MetricsSettings { MaxTotalBodyBytes = LargePage.Length * 5 / 2, MinInterval = TimeSpan.Zero };
        using var scraper = new RunnerScraper(settings, TimeProvider.System);
        using var pages = new ScrapedPages(() => [runner.Snapshot], scraper, settings, time, NullLogger<PageAssembler>.Instance);
        var form = new PageForm(Text, UseGzip: false, MayBeParted: true);
        ScrapeDeadlines deadlines = ScrapeDeadlines.Of("60", TimeSpan.FromSeconds(60));
        List<Task> sendings = [];
        for (int page = 0; page < 2; page++)
        {
            PageReader stuck = (await pages.AssembleAsync(form, deadlines, time.GetTimestamp(), Cancellation))!;
            sendings.Add(SendAsync(stuck, time));
            await DaemonFixture.WaitUntilAsync(() => Task.FromResult(stuck.Idle is not null), DaemonFixture.Patience);
        }

        // No reader has been blocked long enough to be disconnected, so no memory can be freed yet.
        Task<PageReader?> next = pages.AssembleAsync(form, deadlines, time.GetTimestamp(), Cancellation);
        await DaemonFixture.WaitUntilAsync(
            () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(50));
                return Task.FromResult(next.IsCompleted);
            },
            DaemonFixture.Patience);
        using PageReader? reader = await next;

        Assert.NotNull(reader);
        string text = await reader.ReadToEndAsync(Cancellation);
        Assert.DoesNotContain("model_runner_down_info{", text, StringComparison.Ordinal);
        Assert.Contains("\nf00{", text, StringComparison.Ordinal);
        time.Advance(TimeSpan.FromHours(1));
        await Task.WhenAll(sendings).WaitAsync(DaemonFixture.Patience, Cancellation);
    }

    private static async Task SendAsync(PageReader reader, TimeProvider time)
    {
        using (reader)
            await new PageSender(time).SendAsync(StuckClient(), reader, TimeSpan.FromHours(1), TimeSpan.FromHours(1));
    }

    // Such a pipe accepts only one byte at a time, and nothing reads it.
    private static DefaultHttpContext StuckClient() =>
        new() { Response = { Body = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1)).Writer.AsStream() } };

    private static ScrapedPages Assembler(RawRunner runner, RunnerScraper scraper) =>
        new(() => [runner.Snapshot], scraper, new MetricsSettings(), TimeProvider.System, NullLogger<PageAssembler>.Instance);

    private static async Task<PageReader> AssembleAsync(ScrapedPages pages, PageForm form)
    {
        ScrapeDeadlines deadlines = ScrapeDeadlines.Of("60", TimeSpan.FromSeconds(60));
        return await pages.AssembleAsync(form, deadlines, TimeProvider.System.GetTimestamp(), Cancellation) ?? throw new InvalidOperationException("No page was made.");
    }

    private static async Task<byte[]> ReadAsync(PageReader reader)
    {
        using var copy = new MemoryStream();
        while (await reader.NextAsync(Cancellation) is { } part)
            part.Bytes.CopyTo(copy);
        return copy.ToArray();
    }

    private static byte[] Unpack(byte[] packed)
    {
        using var gzip = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress);
        using var plain = new MemoryStream();
        gzip.CopyTo(plain);
        return plain.ToArray();
    }

    private static string Large(int families) => string.Concat(Enumerable.Range(0, families).Select(static family =>
        string.Concat(Enumerable.Range(0, 600).Select(sample => $"f{family:D2}{{queue=\"a queue with a name of its own {sample}\"}} 1\n"))));
}
