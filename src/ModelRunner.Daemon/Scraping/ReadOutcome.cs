namespace ModelRunner.Daemon.Scraping;

/// <summary>What one request to a runner brought: a whole body, or why there is none.</summary>
internal readonly record struct ReadOutcome(BodyBuffer? Body, bool IsOpenMetrics, ScrapeFailureReason? Failure)
{
    public static ReadOutcome Fail(ScrapeFailureReason reason) => new(Body: null, IsOpenMetrics: false, reason);
}
