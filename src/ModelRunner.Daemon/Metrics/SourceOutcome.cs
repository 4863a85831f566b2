using ModelRunner.Daemon.Scraping;
using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Metrics;

/// <summary>The outcome for one runner on one page.</summary>
/// <param name="Scrape">The outcome of its scrape.</param>
/// <param name="Summary">The result of adding its body to the merger; null if there was no body.</param>
/// <param name="Failure">Why its series are missing from the page; null if they are present.</param>
/// <param name="Counters">The counters of its labels.</param>
internal readonly record struct SourceOutcome(
    ScrapeOutcome Scrape, SourceSummary? Summary, ScrapeFailureReason? Failure, RunnerCounters Counters);
