using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace ModelRunner.Daemon.Scraping;

/// <summary>
/// Until when what is done, counted from the arrival of a scrape. From the header in which Prometheus and vmagent tell when they stop
/// waiting: the page is answered by nine tenths of that, and a further part is kept for merging.
/// </summary>
/// <param name="Reading">Runners are waited for until then.</param>
/// <param name="Answer">The page is made by then.</param>
/// <param name="End">Nobody waits for the rest of the page any more.</param>
/// <param name="Patience">How long a scraper may take nothing of the page that is sent to it.</param>
internal readonly record struct ScrapeDeadline(TimeSpan Reading, TimeSpan Answer, TimeSpan End, TimeSpan Patience)
{
    public const string HeaderName = "X-Prometheus-Scrape-Timeout-Seconds";

    private const double AnsweredBy = 0.9;
    private const double MergingPart = 0.1;
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(0.1);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan MaxBelieved = TimeSpan.FromDays(1);
    private static readonly TimeSpan LeastForMerging = TimeSpan.FromMilliseconds(50);

    /// <summary>Reads the header.</summary>
    /// <param name="header">The header's values: seconds with a decimal point, more than 0 and at most a day. Whatever else it says counts for nothing.</param>
    /// <param name="fallback">When to answer where the header says nothing.</param>
    public static ScrapeDeadline Of(StringValues header, TimeSpan fallback)
    {
        bool isTold = TryParse(header, out TimeSpan timeout);
        TimeSpan answer = isTold ? timeout * AnsweredBy : fallback;
        TimeSpan merging = answer * MergingPart;
        TimeSpan reading = answer - (merging > LeastForMerging ? merging : LeastForMerging);
        return new ScrapeDeadline(reading, answer, isTold ? timeout : Longest, isTold ? timeout : fallback);
    }

    private static bool TryParse(StringValues header, out TimeSpan timeout)
    {
        timeout = default;
        const NumberStyles Styles = NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent | NumberStyles.AllowLeadingSign;
        if (header.Count != 1 || !double.TryParse(header[0], Styles, CultureInfo.InvariantCulture, out double seconds))
            return false;
        // Not a number fails both comparisons. Nobody waits for a page for longer than a day.
        if (!(seconds > 0) || !(seconds <= MaxBelieved.TotalSeconds))
            return false;
        timeout = TimeSpan.FromSeconds(Math.Clamp(seconds, Shortest.TotalSeconds, Longest.TotalSeconds));
        return true;
    }
}
