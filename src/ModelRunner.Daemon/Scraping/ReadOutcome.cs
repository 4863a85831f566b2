namespace ModelRunner.Daemon.Scraping;

/// <summary>
/// The result of one request to a runner: a complete body, or the reason why there is none. The receiver disposes of the body.
/// </summary>
internal readonly record struct ReadOutcome(BodyBuffer? Body, bool IsOpenMetrics, ScrapeFailureReason? Failure)
{
    public static ReadOutcome Fail(ScrapeFailureReason reason) => new(Body: null, IsOpenMetrics: false, reason);
}
