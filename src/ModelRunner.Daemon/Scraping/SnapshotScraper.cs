using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Scraping;

/// <summary>
/// Reads everything about the runners that a page shows: their states, their own pages, and what their processes use. Waits for no
/// load, unload or inference request; the only locks that it shares with them are held for the time of a few additions. Thread-safe.
/// </summary>
/// <param name="runners">Returns the latest snapshot of the runners, without waiting.</param>
/// <param name="pages">Reads the pages of the runners.</param>
/// <param name="usage">Measures the processes; null: nothing is measured.</param>
/// <param name="paces">How long large pages take.</param>
/// <param name="time">The clock.</param>
internal sealed class SnapshotScraper(
    Func<IReadOnlyList<RunnerSnapshot>> runners, RunnerScraper pages, UsageMeter? usage, MergePaces paces, TimeProvider time)
{
    /// <summary>Scrapes the runners of the latest snapshot in parallel. Concurrent calls share the requests to the runners.</summary>
    /// <param name="deadlines">The deadlines of the scrape.</param>
    /// <param name="arrivedAt">The arrival of the request, as a timestamp of the time provider.</param>
    /// <param name="useGzip">Whether the page will be compressed, which takes longer. The time for the page is left before its first byte.</param>
    /// <param name="cancellationToken">Cancelled when the client disconnects. The requests to the runners go on for other scrapes.</param>
    /// <returns>What arrived before the deadline of the runners. The caller disposes of it or passes it on.</returns>
    public async Task<ScrapeResult> ScrapeAsync(
        ScrapeDeadlines deadlines, long arrivedAt, bool useGzip, CancellationToken cancellationToken)
    {
        MergePace pace = paces.Of(useGzip);
        IReadOnlyList<RunnerSnapshot> present = [.. runners().Where(static runner => runner.State != RunnerState.Waiting)];
        Task<IReadOnlyDictionary<RunnerId, RunnerUsage>> measuring = usage?.MeasureAsync() ?? Task.FromResult(UsageMeter.Nothing);
        ScrapeResult scrape = await pages.ScrapeAsync(
            present, bytes => Earlier(deadlines.Runners, deadlines.FirstByte - pace.TimeFor(bytes)), cancellationToken);
        scrape.Usages = await WaitAsync(measuring, deadlines.Runners - time.GetElapsedTime(arrivedAt));
        return scrape;
    }

    // The page does not wait for a measurement longer than for a runner.
    private async Task<IReadOnlyDictionary<RunnerId, RunnerUsage>> WaitAsync(
        Task<IReadOnlyDictionary<RunnerId, RunnerUsage>> measuring, TimeSpan left)
    {
        try
        {
            return await measuring.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, time);
        }
        catch (TimeoutException)
        {
            return UsageMeter.Nothing;
        }
    }

    private static TimeSpan Earlier(TimeSpan left, TimeSpan right) => left < right ? left : right;
}
