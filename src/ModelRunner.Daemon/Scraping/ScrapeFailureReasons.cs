namespace ModelRunner.Daemon.Scraping;

/// <summary>The reasons as words for a label value.</summary>
internal static class ScrapeFailureReasons
{
    private static readonly string[] Names = [.. Enum.GetValues<ScrapeFailureReason>().Select(Name)];

    public static int Count => Names.Length;

    /// <summary>The reason in small letters with underscores, such as <c>too_large</c>. It never changes once published.</summary>
    public static string ToLabelValue(this ScrapeFailureReason reason) => Names[(int)reason];

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
