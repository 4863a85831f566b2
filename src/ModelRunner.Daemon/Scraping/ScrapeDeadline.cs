using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace ModelRunner.Daemon.Scraping;

/// <summary>
/// How long runners may take, from the header in which Prometheus and vmagent tell when they stop waiting. The page is answered by nine
/// tenths of that; a further part is kept for merging and sending.
/// </summary>
internal static class ScrapeDeadline
{
    public const string HeaderName = "X-Prometheus-Scrape-Timeout-Seconds";

    private const double AnsweredBy = 0.9;
    private const double MergingPart = 0.1;
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(0.1);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LeastForMerging = TimeSpan.FromMilliseconds(50);

    /// <summary>The time for reading runners, counted from the arrival of the scrape.</summary>
    /// <param name="header">The header's values: seconds with a decimal point. Whatever else it says counts for nothing.</param>
    /// <param name="fallback">When to answer where the header says nothing.</param>
    public static TimeSpan ForReading(StringValues header, TimeSpan fallback)
    {
        bool isTold = TryParse(header, out TimeSpan timeout);
        TimeSpan answer = isTold ? timeout * AnsweredBy : fallback;
        TimeSpan merging = answer * MergingPart;
        return answer - (merging > LeastForMerging ? merging : LeastForMerging);
    }

    private static bool TryParse(StringValues header, out TimeSpan timeout)
    {
        timeout = default;
        const NumberStyles Styles = NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent | NumberStyles.AllowLeadingSign;
        if (header.Count != 1 || !double.TryParse(header[0], Styles, CultureInfo.InvariantCulture, out double seconds) || !(seconds > 0))
            return false;
        timeout = TimeSpan.FromSeconds(Math.Clamp(seconds, Shortest.TotalSeconds, Longest.TotalSeconds));
        return true;
    }
}
