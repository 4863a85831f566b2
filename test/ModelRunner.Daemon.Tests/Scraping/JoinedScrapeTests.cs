using System.Text;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Scraping;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Scraping;

/// <summary>Scrapes with different timeouts that share the request to a runner.</summary>
public sealed class JoinedScrapeTests
{
    private static readonly MetricsSettings Short = new() { Timeout = TimeSpan.FromSeconds(1) };

    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0, 10_000)]
    [InlineData(900, 10_000)]
    [InlineData(900, 1000)]
    public async Task The_request_lasts_as_long_as_the_scrape_that_waits_longest(int joinsAfter, int timeout)
    {
        var gate = new TaskCompletionSource();
        await using var runner = new RawRunner(1, async (stream, _) =>
        {
            await gate.Task;
            return await RawRunner.WriteAsync(stream, RawRunner.Page("x 1\n"));
        });
        using var scraper = new RunnerScraper(Short, _time);

        Task<ScrapeResult> hasty = scraper.ScrapeAsync([runner.Snapshot], TimeSpan.FromSeconds(1), Cancellation);
        await WaitForRequestsAsync(runner, 1);
        _time.Advance(TimeSpan.FromMilliseconds(joinsAfter));
        Task<ScrapeResult> patient = scraper.ScrapeAsync([runner.Snapshot], TimeSpan.FromMilliseconds(timeout), Cancellation);
        _time.Advance(TimeSpan.FromMilliseconds(1000 - joinsAfter));
        using ScrapeResult late = await hasty;
        _time.Advance(TimeSpan.FromMilliseconds(timeout + joinsAfter - 1001));
        gate.SetResult();
        using ScrapeResult result = await patient;

        Assert.Equal(ScrapeFailureReason.Timeout, late.Outcomes[0].Failure);
        Assert.Null(result.Outcomes[0].Failure);
        Assert.Equal("x 1\n", Encoding.UTF8.GetString(result.Outcomes[0].RunnerScrape!.Body.Span));
        Assert.Single(runner.Requests);
    }

    [Fact]
    public async Task A_request_without_a_response_for_a_whole_timeout_is_not_joined_for_ever()
    {
        int requests = 0;
        await using var runner = new RawRunner(1, async (stream, ending) =>
        {
            if (Interlocked.Increment(ref requests) == 1)
                await Task.Delay(Timeout.Infinite, ending);
            return await RawRunner.WriteAsync(stream, RawRunner.Page("x 1\n"));
        });
        using var scraper = new RunnerScraper(Short, _time);

        Task<ScrapeResult> first = scraper.ScrapeAsync([runner.Snapshot], TimeSpan.FromSeconds(5), Cancellation);
        await WaitForRequestsAsync(runner, 1);
        _time.Advance(TimeSpan.FromSeconds(4));
        Task<ScrapeResult> second = scraper.ScrapeAsync([runner.Snapshot], TimeSpan.FromSeconds(5), Cancellation);
        _time.Advance(TimeSpan.FromSeconds(2));
        using ScrapeResult third = await scraper.ScrapeAsync([runner.Snapshot], TimeSpan.FromSeconds(5), Cancellation);
        _time.Advance(TimeSpan.FromSeconds(4));
        using ScrapeResult missed = await first;
        using ScrapeResult joined = await second;

        Assert.Null(third.Outcomes[0].Failure);
        Assert.Equal(ScrapeFailureReason.Timeout, missed.Outcomes[0].Failure);
        Assert.Equal(ScrapeFailureReason.Timeout, joined.Outcomes[0].Failure);
        Assert.Equal(2, runner.Requests.Count);
    }

    private static Task WaitForRequestsAsync(RawRunner runner, int count) =>
        DaemonFixture.WaitUntilAsync(() => Task.FromResult(runner.Requests.Count >= count), DaemonFixture.Patience);
}
