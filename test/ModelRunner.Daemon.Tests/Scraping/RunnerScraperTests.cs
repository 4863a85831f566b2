using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Runners;
using ModelRunner.Daemon.Scraping;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Scraping;

public sealed class RunnerScraperTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TMO_07_Fifty_simultaneous_scrapes_send_one_request_to_a_runner()
    {
        var gate = new TaskCompletionSource();
        await using var runner = new RawRunner(1, async (stream, _) =>
        {
            await gate.Task;
            return await RawRunner.WriteAsync(stream, RawRunner.Page("x 1\n"));
        });
        using var scraper = new RunnerScraper(new MetricsSettings(), TimeProvider.System);

        Task<ScrapeResult>[] scrapes = [.. Enumerable.Range(0, 50).Select(_ => scraper.ScrapeAsync([runner.Snapshot], Deadline, Cancellation))];
        gate.SetResult();
        ScrapeResult[] results = await Task.WhenAll(scrapes);

        Assert.Single(runner.Requests);
        foreach (ScrapeResult result in results)
        {
            Assert.Equal("x 1\n", BodyOf(result));
            result.Dispose();
        }
    }

    [Fact]
    public async Task A_scrape_whose_client_disconnects_does_not_end_the_request_for_others()
    {
        var asked = new TaskCompletionSource();
        var gate = new TaskCompletionSource();
        await using var runner = new RawRunner(1, async (stream, _) =>
        {
            asked.SetResult();
            await gate.Task;
            return await RawRunner.WriteAsync(stream, RawRunner.Page("x 1\n"));
        });
        using var scraper = new RunnerScraper(new MetricsSettings(), TimeProvider.System);
        using var leaving = new CancellationTokenSource();

        Task<ScrapeResult> leader = scraper.ScrapeAsync([runner.Snapshot], Deadline, leaving.Token);
        await asked.Task;
        Task<ScrapeResult> joiner = scraper.ScrapeAsync([runner.Snapshot], Deadline, Cancellation);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leader);
        gate.SetResult();

        using ScrapeResult result = await joiner;
        Assert.Equal("x 1\n", BodyOf(result));
        Assert.Single(runner.Requests);
    }

    [Fact]
    public async Task MRG_07_Scrapes_within_the_interval_share_a_request_and_later_ones_do_not()
    {
        await using RawRunner runner = RawRunner.WithPage(1, "x 1\n");
        var time = new FakeTimeProvider();
        using var scraper = new RunnerScraper(new MetricsSettings { MinInterval = TimeSpan.FromSeconds(1) }, time);

        await ScrapeOnceAsync(scraper, runner.Snapshot);
        time.Advance(TimeSpan.FromMilliseconds(999));
        await ScrapeOnceAsync(scraper, runner.Snapshot);
        Assert.Single(runner.Requests);

        time.Advance(TimeSpan.FromMilliseconds(1));
        await ScrapeOnceAsync(scraper, runner.Snapshot);
        Assert.Equal(2, runner.Requests.Count);
    }

    [Fact]
    public async Task Without_an_interval_every_scrape_reads()
    {
        await using RawRunner runner = RawRunner.WithPage(1, "x 1\n");
        using var scraper = new RunnerScraper(new MetricsSettings { MinInterval = TimeSpan.Zero }, new FakeTimeProvider());

        await ScrapeOnceAsync(scraper, runner.Snapshot);
        await ScrapeOnceAsync(scraper, runner.Snapshot);

        Assert.Equal(2, runner.Requests.Count);
    }

    [Fact]
    public async Task A_new_start_of_a_runner_never_shows_the_body_of_the_previous_one()
    {
        await using RawRunner runner = RawRunner.WithPage(1, "x 1\n");
        using var scraper = new RunnerScraper(new MetricsSettings { MinInterval = TimeSpan.FromHours(1) }, new FakeTimeProvider());

        await ScrapeOnceAsync(scraper, runner.Snapshot);
        await ScrapeOnceAsync(scraper, runner.Snapshot with { Id = new RunnerId(2) });

        Assert.Equal(2, runner.Requests.Count);
    }

    [Fact]
    public async Task TMO_01_A_runner_that_hangs_times_out_and_the_others_are_shown()
    {
        await using RawRunner good = RawRunner.WithPage(1, "x 1\n");
        await using var hanging = new RawRunner(2, static async (_, ending) =>
        {
            await Task.Delay(Timeout.Infinite, ending);
            return false;
        });
        var time = new FakeTimeProvider();
        using var scraper = new RunnerScraper(new MetricsSettings(), time);

        // The clock moves only for the measured scrape, so the scrape of the good runner can be shared.
        await ScrapeOnceAsync(scraper, good.Snapshot);
        Task<ScrapeResult> scrape = scraper.ScrapeAsync([good.Snapshot, hanging.Snapshot], TimeSpan.FromSeconds(2), Cancellation);
        await WaitForRequestAsync(hanging);
        time.Advance(TimeSpan.FromSeconds(1.9));
        Assert.False(scrape.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.2));

        using ScrapeResult result = await scrape;
        Assert.Null(result.Outcomes[0].Failure);
        Assert.Equal(ScrapeFailureReason.Timeout, result.Outcomes[1].Failure);
    }

    [Fact]
    public async Task TMO_05_All_runners_get_a_request_before_any_has_responded()
    {
        const int Count = 32;
        int asked = 0;
        var all = new TaskCompletionSource();
        RawRunner[] runners = [.. Enumerable.Range(1, Count).Select(id => new RawRunner(id, async (stream, _) =>
        {
            if (Interlocked.Increment(ref asked) == Count)
                all.SetResult();
            await all.Task;
            return await RawRunner.WriteAsync(stream, RawRunner.Page("x 1\n"));
        }))];
        using var scraper = new RunnerScraper(new MetricsSettings(), TimeProvider.System);

        using ScrapeResult result = await scraper.ScrapeAsync([.. runners.Select(static runner => runner.Snapshot)], Deadline, Cancellation);

        foreach (ScrapeOutcome outcome in result.Outcomes.ToArray())
            Assert.Null(outcome.Failure);
        foreach (RawRunner runner in runners)
            await runner.DisposeAsync();
    }

    [Fact]
    public async Task Each_scrape_that_joins_has_its_own_deadline()
    {
        var gate = new TaskCompletionSource();
        await using var runner = new RawRunner(1, async (stream, _) =>
        {
            await gate.Task;
            return await RawRunner.WriteAsync(stream, RawRunner.Page("x 1\n"));
        });
        var time = new FakeTimeProvider();
        using var scraper = new RunnerScraper(new MetricsSettings(), time);

        Task<ScrapeResult> patient = scraper.ScrapeAsync([runner.Snapshot], Deadline, Cancellation);
        Task<ScrapeResult> hasty = scraper.ScrapeAsync([runner.Snapshot], TimeSpan.FromSeconds(1), Cancellation);
        time.Advance(TimeSpan.FromSeconds(1));
        ScrapeResult late = await hasty;
        ScrapeOutcome missed = late.Outcomes[0];
        late.Dispose();
        gate.SetResult();
        using ScrapeResult result = await patient;

        Assert.True(missed.IsLate);
        Assert.Equal(ScrapeFailureReason.Timeout, missed.Failure);
        Assert.Equal(TimeSpan.FromSeconds(1), missed.Duration);
        Assert.Equal("x 1\n", BodyOf(result));
        Assert.Single(runner.Requests);
    }

    [Fact]
    public async Task A_scrape_with_a_short_timeout_does_not_cancel_the_request_for_others()
    {
        var gate = new TaskCompletionSource();
        await using var runner = new RawRunner(1, async (stream, _) =>
        {
            await gate.Task;
            return await RawRunner.WriteAsync(stream, RawRunner.Page("x 1\n"));
        });
        var time = new FakeTimeProvider();
        using var scraper = new RunnerScraper(new MetricsSettings { Timeout = TimeSpan.FromSeconds(5) }, time);

        Task<ScrapeResult> hasty = scraper.ScrapeAsync([runner.Snapshot], TimeSpan.FromSeconds(1), Cancellation);
        Task<ScrapeResult> patient = scraper.ScrapeAsync([runner.Snapshot], TimeSpan.FromSeconds(4), Cancellation);
        await WaitForRequestAsync(runner);
        time.Advance(TimeSpan.FromSeconds(2));
        using ScrapeResult late = await hasty;
        gate.SetResult();
        using ScrapeResult result = await patient;

        Assert.True(late.Outcomes[0].IsLate);
        Assert.Equal("x 1\n", BodyOf(result));
        Assert.Single(runner.Requests);
    }

    [Fact]
    public async Task The_state_of_a_removed_runner_is_removed()
    {
        await using RawRunner runner = RawRunner.WithPage(1, "x 1\n");
        using var scraper = new RunnerScraper(new MetricsSettings { MinInterval = TimeSpan.FromHours(1) }, new FakeTimeProvider());
        (WeakReference labels, WeakReference reading) = await NoteAsync(scraper, runner.Snapshot);
        Collect();
        Assert.True(labels.IsAlive);

        using ScrapeResult without = await scraper.ScrapeAsync([], Deadline, Cancellation);

        await WaitUntilGoneAsync(labels);
        await WaitUntilGoneAsync(reading);
        GC.KeepAlive(scraper);
    }

    [Fact]
    public async Task A_body_is_released_when_it_can_no_longer_be_shared()
    {
        await using RawRunner runner = RawRunner.WithPage(1, "x 1\n");
        var time = new FakeTimeProvider();
        using var scraper = new RunnerScraper(new MetricsSettings { MinInterval = TimeSpan.FromSeconds(1) }, time);
        (_, WeakReference reading) = await NoteAsync(scraper, runner.Snapshot);
        Collect();
        Assert.True(reading.IsAlive);

        time.Advance(TimeSpan.FromSeconds(1));

        await WaitUntilGoneAsync(reading);
        GC.KeepAlive(scraper);
    }

    [Fact]
    public async Task Without_an_interval_a_body_is_released_with_its_scrape_without_a_timer()
    {
        await using RawRunner runner = RawRunner.WithPage(1, "x 1\n");
        var time = new SilentTimers();
        using var scraper = new RunnerScraper(new MetricsSettings { MinInterval = TimeSpan.Zero }, time);

        await ScrapeOnceAsync(scraper, runner.Snapshot);
        await ScrapeOnceAsync(scraper, runner.Snapshot);

        // The request to the runner releases its reference last, possibly after the scrape has ended.
        await DaemonFixture.WaitUntilAsync(() => Task.FromResult(scraper.Bodies.Used == 0), DaemonFixture.Patience);
        Assert.DoesNotContain(TimeSpan.Zero, time.DueTimes);
    }

    [Fact]
    public async Task LIF_01_The_series_of_a_runner_disappear_with_it()
    {
        RawRunner runner = RawRunner.WithPage(1, "x 1\n");
        using var scraper = new RunnerScraper(new MetricsSettings { MinInterval = TimeSpan.Zero }, TimeProvider.System);

        await ScrapeOnceAsync(scraper, runner.Snapshot);
        await runner.DisposeAsync();

        for (int i = 0; i < 3; i++)
        {
            using ScrapeResult result = await scraper.ScrapeAsync([runner.Snapshot], Deadline, Cancellation);
            Assert.NotNull(result.Outcomes[0].Failure);
            Assert.True(result.Outcomes[0].RunnerScrape!.Body.IsEmpty);
        }
    }

    [Fact]
    public async Task SEC_07_A_runner_that_scrapes_the_daemon_ends_at_the_deadline()
    {
        var settings = new MetricsSettings { MinInterval = TimeSpan.Zero };
        var time = new FakeTimeProvider();
        using var scraper = new RunnerScraper(settings, time);
        int nested = 0;
        var isNested = new TaskCompletionSource();
        RawRunner? self = null;
        await using var runner = new RawRunner(1, async (stream, ending) =>
        {
            Interlocked.Increment(ref nested);
            Task<ScrapeResult> scrapeInTurn = scraper.ScrapeAsync([self!.Snapshot], Deadline, ending);
            isNested.TrySetResult();
            using ScrapeResult inner = await scrapeInTurn;
            return await RawRunner.WriteAsync(stream, RawRunner.Page("x 1\n"));
        });
        self = runner;

        Task<ScrapeResult> scrape = scraper.ScrapeAsync([runner.Snapshot], TimeSpan.FromSeconds(2), Cancellation);
        await isNested.Task;
        time.Advance(TimeSpan.FromSeconds(2));
        using ScrapeResult result = await scrape;

        Assert.Equal(ScrapeFailureReason.Timeout, result.Outcomes[0].Failure);
        Assert.Equal(1, Volatile.Read(ref nested));
    }

    [Theory]
    [InlineData(RunnerState.Loading, ScrapeFailureReason.Loading)]
    [InlineData(RunnerState.Stopping, ScrapeFailureReason.Stopping)]
    [InlineData(RunnerState.Failed, ScrapeFailureReason.Failed)]
    internal async Task A_runner_that_is_not_ready_is_not_asked(RunnerState state, ScrapeFailureReason reason)
    {
        await using RawRunner runner = RawRunner.WithPage(1, "x 1\n");
        using var scraper = new RunnerScraper(new MetricsSettings(), TimeProvider.System);

        using ScrapeResult result = await scraper.ScrapeAsync([runner.Snapshot with { State = state }], Deadline, Cancellation);

        Assert.Equal(reason, result.Outcomes[0].Failure);
        Assert.Empty(runner.Requests);
    }

    [Fact]
    public async Task Sixteen_runners_are_never_mixed_up()
    {
        RawRunner[] runners = [.. Enumerable.Range(1, 16).Select(static id => RawRunner.WithPage(id, $"nonce {id}\n"))];
        using var scraper = new RunnerScraper(new MetricsSettings { MinInterval = TimeSpan.Zero }, TimeProvider.System);
        RunnerSnapshot[] snapshots = [.. runners.Select(static runner => runner.Snapshot)];

        for (int round = 0; round < 50; round++)
        {
            ScrapeResult[] results = await Task.WhenAll(
                Enumerable.Range(0, 4).Select(_ => scraper.ScrapeAsync(snapshots, Deadline, Cancellation)));
            foreach (ScrapeResult result in results)
            {
                for (int i = 0; i < snapshots.Length; i++)
                    Assert.Equal($"nonce {i + 1}\n", Encoding.UTF8.GetString(result.Outcomes[i].RunnerScrape!.Body.Span));
                result.Dispose();
            }
        }

        foreach (RawRunner runner in runners)
            await runner.DisposeAsync();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<(WeakReference Labels, WeakReference RunnerScrape)> NoteAsync(RunnerScraper scraper, RunnerSnapshot runner)
    {
        using ScrapeResult result = await scraper.ScrapeAsync([runner], Deadline, Cancellation);
        return (new WeakReference(result.Outcomes[0].Labels), new WeakReference(result.Outcomes[0].RunnerScrape));
    }

    // The task of the reader may still be ending.
    private static async Task WaitUntilGoneAsync(WeakReference reference)
    {
        for (int attempt = 0; reference.IsAlive; attempt++)
        {
            Assert.True(attempt < 1000, "It is still held.");
            await Task.Delay(1, Cancellation);
            Collect();
        }
    }

    private static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    private static async Task ScrapeOnceAsync(RunnerScraper scraper, RunnerSnapshot runner)
    {
        using ScrapeResult result = await scraper.ScrapeAsync([runner], Deadline, Cancellation);
        Assert.Equal("x 1\n", BodyOf(result));
    }

    private static string BodyOf(ScrapeResult result)
    {
        Assert.Null(result.Outcomes[0].Failure);
        return Encoding.UTF8.GetString(result.Outcomes[0].RunnerScrape!.Body.Span);
    }

    private static async Task WaitForRequestAsync(RawRunner runner)
    {
        while (runner.Requests.Count == 0)
            await Task.Delay(1, Cancellation);
    }
}
