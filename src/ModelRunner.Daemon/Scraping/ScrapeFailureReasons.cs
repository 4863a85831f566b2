namespace ModelRunner.Daemon.Scraping;

/// <summary>The reasons as words: for a label value, and for people.</summary>
internal static class ScrapeFailureReasons
{
    private static readonly string[] Names = [.. Enum.GetValues<ScrapeFailureReason>().Select(Name)];

    public static int Count => Names.Length;

    /// <summary>The reason in small letters with underscores, such as <c>too_large</c>. It never changes once published.</summary>
    public static string ToLabelValue(this ScrapeFailureReason reason) => Names[(int)reason];

    /// <summary>Whether it is part of every runner's life, so that the log need not tell it.</summary>
    public static bool IsOfLife(this ScrapeFailureReason reason) =>
        reason is ScrapeFailureReason.Loading or ScrapeFailureReason.Stopping or ScrapeFailureReason.Failed;

    /// <summary>The reason for a person, with the way out where there is one: the rest of a sentence that begins with the runner.</summary>
    public static string ToSentence(this ScrapeFailureReason reason) => reason switch
    {
        ScrapeFailureReason.Loading => "it loads its model",
        ScrapeFailureReason.Stopping => "it is being stopped",
        ScrapeFailureReason.Failed => "it has no process",
        ScrapeFailureReason.Timeout => "it did not answer in time, or its page could not be merged in time",
        ScrapeFailureReason.Refused => "it took no connection, or ended it before it answered",
        ScrapeFailureReason.Status => "it answered with an error",
        ScrapeFailureReason.Unsupported => "it has no metrics; a llama-server needs --metrics",
        ScrapeFailureReason.Unauthorized => "it asks for a key",
        ScrapeFailureReason.ContentType => "its answer is no metrics page",
        ScrapeFailureReason.TooLarge => "its page is larger than metrics.maxBodyBytes, metrics.maxSamples or metrics.maxTotalBodyBytes allows",
        ScrapeFailureReason.Truncated => "the connection ended before its page was whole",
        ScrapeFailureReason.Parse => "no line of samples on its page can be read",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "Not a reason of the list."),
    };

    private static string Name(ScrapeFailureReason reason) => reason switch
    {
        ScrapeFailureReason.Loading => "loading",
        ScrapeFailureReason.Stopping => "stopping",
        ScrapeFailureReason.Failed => "failed",
        ScrapeFailureReason.Timeout => "timeout",
        ScrapeFailureReason.Refused => "refused",
        ScrapeFailureReason.Status => "status",
        ScrapeFailureReason.Unsupported => "unsupported",
        ScrapeFailureReason.Unauthorized => "unauthorized",
        ScrapeFailureReason.ContentType => "content_type",
        ScrapeFailureReason.TooLarge => "too_large",
        ScrapeFailureReason.Truncated => "truncated",
        ScrapeFailureReason.Parse => "parse",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "Not a reason of the list."),
    };
}
