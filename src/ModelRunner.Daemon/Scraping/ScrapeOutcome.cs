using ModelRunner.Daemon.Runners;
using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Scraping;

/// <summary>The outcome of one scrape for one runner.</summary>
/// <param name="Runner">The runner at the start of the scrape.</param>
/// <param name="Labels">The labels that the daemon adds to each series of the runner.</param>
/// <param name="RunnerScrape">The scrape of the runner, which this outcome holds a reference to; null if no request was sent.</param>
/// <param name="Failure">The reason why there is no body; null if there is one.</param>
/// <param name="Duration">The duration of the request, or the time until the deadline; null if no request was sent.</param>
/// <param name="IsLate">Whether the request was still running at the deadline. It may have ended since.</param>
internal readonly record struct ScrapeOutcome(
    RunnerSnapshot Runner, TargetLabels Labels, RunnerScrape? RunnerScrape, ScrapeFailureReason? Failure, TimeSpan? Duration, bool IsLate);
