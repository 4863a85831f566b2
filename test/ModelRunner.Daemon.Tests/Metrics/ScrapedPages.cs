using Microsoft.Extensions.Logging;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Metrics;
using ModelRunner.Daemon.Runners;
using ModelRunner.Daemon.Scraping;

namespace ModelRunner.Daemon.Tests.Metrics;

/// <summary>Scrapes runners and creates their page, connected as the daemon connects both. The caller owns the scraper.</summary>
internal sealed class ScrapedPages : IDisposable
{
    private readonly TimeProvider _time;

    public ScrapedPages(
        Func<IReadOnlyList<RunnerSnapshot>> runners, RunnerScraper scraper, MetricsSettings settings, TimeProvider time, ILogger<PageAssembler> logger,
        RunnerMetrics? runnerMetrics = null, long maxPageBytes = PageAssembler.MaxPageBytes)
    {
        _time = time;
        var paces = new MergePaces();
        Scraper = new SnapshotScraper(runners, scraper, usage: null, paces, time);
        Assembler = new PageAssembler(settings, paces, time, logger, runnerMetrics: runnerMetrics, maxPageBytes: maxPageBytes);
        scraper.Bodies.TryFreeAsync = Assembler.TryFreeBodiesAsync;
    }

    public SnapshotScraper Scraper { get; }

    public PageAssembler Assembler { get; }

    /// <summary>As the daemon does it for one client.</summary>
    public async Task<PageReader?> AssembleAsync(PageForm form, ScrapeDeadlines deadlines, long arrivedAt, CancellationToken cancellationToken)
    {
        ScrapeResult scrape = await Scraper.ScrapeAsync(deadlines, arrivedAt, form.UseGzip, cancellationToken);
        return await Assembler.AssembleAsync(form, scrape, deadlines.RespondBy(arrivedAt, _time), cancellationToken);
    }

    public void Dispose() => Assembler.Dispose();
}
