using System.Globalization;
using ModelRunner.Daemon.Runners;

namespace ModelRunner.Daemon.Scraping;

/// <summary>The text of each reason, for labels and for messages.</summary>
internal static class ScrapeFailureReasons
{
    private static readonly string[] Names = [.. Enum.GetValues<ScrapeFailureReason>().Select(Name)];

    public static int Count => Names.Length;

    /// <summary>The reason in lower case with underscores, such as <c>too_large</c>. A published value never changes.</summary>
    public static string ToLabelValue(this ScrapeFailureReason reason) => Names[(int)reason];

    /// <summary>Whether the state of the runner explains the failure (loading, stopping, no process), so that no warning is logged.</summary>
    public static bool IsExpected(this ScrapeFailureReason reason) =>
        reason is ScrapeFailureReason.Loading or ScrapeFailureReason.Stopping or ScrapeFailureReason.Failed;

    /// <summary>The reason as the rest of a sentence whose subject is the runner, with the remedy where there is one.</summary>
    /// <param name="reason">The reason.</param>
    /// <param name="endpoint">The address of the runner; null if it has none.</param>
    /// <param name="status">The HTTP status of its response; null if that is not the reason.</param>
    public static string ToSentence(this ScrapeFailureReason reason, RunnerEndpoint? endpoint, int? status) => reason switch
    {
        ScrapeFailureReason.Unsupported or ScrapeFailureReason.Status when status is not null && endpoint?.MetricsAddress is { } page =>
            string.Create(CultureInfo.InvariantCulture, $"its page {page.AbsolutePath} responded with status {status}")
            + (endpoint.MetricsRemedy is { } remedy && reason == ScrapeFailureReason.Unsupported ? $"; {remedy}" : ""),
        ScrapeFailureReason.Loading => "it is loading its model",
        ScrapeFailureReason.Stopping => "it is being stopped",
        ScrapeFailureReason.Failed => "it has no process",
        ScrapeFailureReason.Timeout => "it did not respond in time, or its page could not be merged in time",
        ScrapeFailureReason.Refused => "it refused the connection, or closed it before it responded",
        ScrapeFailureReason.Status => "it responded with an error status or with invalid HTTP",
        ScrapeFailureReason.Unsupported => "it has no metrics page",
        ScrapeFailureReason.Unauthorized => "it requires a key",
        ScrapeFailureReason.ContentType => "its response is not a metrics page",
        ScrapeFailureReason.TooLarge => "its page is larger than metrics.maxBodyBytes, metrics.maxSamples or metrics.maxTotalBodyBytes allows",
        ScrapeFailureReason.Truncated => "the connection closed before its page was complete",
        ScrapeFailureReason.Parse => "no sample line of its page can be parsed",
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
