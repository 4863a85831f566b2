namespace ModelRunner.Daemon.Scraping;

/// <summary>
/// The result of one request to a runner: a complete body, or the reason why there is none. Both are null if the runner has no page. The
/// receiver disposes of the body.
/// </summary>
internal readonly record struct ReadOutcome(BodyBuffer? Body, bool IsOpenMetrics, ScrapeFailureReason? Failure)
{
    /// <summary>The HTTP status because of which there is no body; null if that is not the reason.</summary>
    public int? Status { get; init; }

    /// <summary>The mark of the process that sent the body; null: it sent none.</summary>
    public long? Process { get; init; }

    /// <summary>The outcome of a ready runner that has no page by its configuration: it is up, and has no series.</summary>
    public static ReadOutcome NoPage => new(Body: null, IsOpenMetrics: false, Failure: null);

    public static ReadOutcome Fail(ScrapeFailureReason reason, int? status = null) => new(Body: null, IsOpenMetrics: false, reason) { Status = status };
}
