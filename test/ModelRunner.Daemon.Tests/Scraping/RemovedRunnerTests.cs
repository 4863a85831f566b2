using ModelRunner.Configuration;
using ModelRunner.Daemon.Scraping;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Scraping;

public sealed class RemovedRunnerTests
{
    [Fact]
    public async Task The_body_of_a_runner_that_was_removed_during_its_scrape_is_released()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        var asked = new TaskCompletionSource();
        var gate = new TaskCompletionSource();
        await using var runner = new RawRunner(1, async (stream, _) =>
        {
            asked.SetResult();
            await gate.Task;
            return await RawRunner.WriteAsync(stream, RawRunner.Page("x 1\n"));
        });
        using var scraper = new RunnerScraper(new MetricsSettings { MinInterval = TimeSpan.FromHours(1) }, TimeProvider.System);

        Task<ScrapeResult> running = scraper.ScrapeAsync([runner.Snapshot], DaemonFixture.Patience, cancellation);
        await asked.Task;
        (await scraper.ScrapeAsync([], DaemonFixture.Patience, cancellation)).Dispose();
        gate.SetResult();
        using (await running)
            Assert.True(scraper.Bodies.Used > 0);

        await DaemonFixture.WaitUntilAsync(() => Task.FromResult(scraper.Bodies.Used == 0), DaemonFixture.Patience);
    }
}
