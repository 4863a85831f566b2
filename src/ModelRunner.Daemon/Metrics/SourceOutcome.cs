using ModelRunner.Daemon.Scraping;
using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Metrics;

/// <summary>What became of one runner on a page.</summary>
/// <param name="Scrape">What the scrape learned.</param>
/// <param name="Summary">What the reader made of its body; null where there was none.</param>
/// <param name="Failure">Why its series are not on the page; null where they are.</param>
/// <param name="Counters">What is counted about it.</param>
internal readonly record struct SourceOutcome(
    ScrapeOutcome Scrape, SourceSummary? Summary, ScrapeFailureReason? Failure, RunnerCounters Counters);
