using ModelRunner.Daemon.Runners;
using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Scraping;

/// <summary>What one scrape learned of one runner.</summary>
/// <param name="Runner">The runner as it was when the scrape began.</param>
/// <param name="Labels">The labels of its series.</param>
/// <param name="RunnerScrape">The reading, held by the scrape; null where it was not asked.</param>
/// <param name="Failure">Why there is no body; null where there is one.</param>
/// <param name="Duration">How long the reading took, or how long the daemon waited before it gave up; null where it was not asked.</param>
/// <param name="IsLate">Whether the reading went on at the deadline. It may have ended since.</param>
internal readonly record struct ScrapeOutcome(
    RunnerSnapshot Runner, TargetLabels Labels, RunnerScrape? RunnerScrape, ScrapeFailureReason? Failure, TimeSpan? Duration, bool IsLate);
