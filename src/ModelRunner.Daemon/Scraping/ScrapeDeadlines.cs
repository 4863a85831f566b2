using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace ModelRunner.Daemon.Scraping;

/// <summary>
/// The three deadlines of a scrape, relative to its arrival, and the idle timeout of its client. They derive from the header in which
/// Prometheus and vmagent send their timeout: the page is ready after nine tenths of it, and one tenth of that time is reserved for merging.
/// </summary>
/// <param name="Runners">The deadline for the responses of the runners.</param>
/// <param name="FirstByte">The deadline for the first byte of the page.</param>
/// <param name="LastByte">The deadline for the last byte of the page.</param>
/// <param name="IdleTimeout">The longest time in which the client may accept no bytes of the page.</param>
internal readonly record struct ScrapeDeadlines(TimeSpan Runners, TimeSpan FirstByte, TimeSpan LastByte, TimeSpan IdleTimeout)
{
    public const string HeaderName = "X-Prometheus-Scrape-Timeout-Seconds";

    private const double FirstByteFraction = 0.9;
    private const double MergeFraction = 0.1;
    private static readonly TimeSpan MinTimeout = TimeSpan.FromSeconds(0.1);
    private static readonly TimeSpan MaxTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan MaxAccepted = TimeSpan.FromDays(1);
    private static readonly TimeSpan MinMerge = TimeSpan.FromMilliseconds(50);

    /// <summary>Computes the deadlines from the header.</summary>
    /// <param name="header">
    /// The values of the header: seconds with a decimal point, more than 0 and at most one day. Any other value is ignored.
    /// </param>
    /// <param name="fallback">The deadline for the first byte without a valid header.</param>
    public static ScrapeDeadlines Of(StringValues header, TimeSpan fallback)
    {
        bool isGiven = TryParse(header, out TimeSpan timeout);
        TimeSpan firstByte = isGiven ? timeout * FirstByteFraction : fallback;
        TimeSpan merge = firstByte * MergeFraction;
        TimeSpan runners = firstByte - (merge > MinMerge ? merge : MinMerge);
        return new ScrapeDeadlines(runners, firstByte, isGiven ? timeout : MaxTimeout, isGiven ? timeout : fallback);
    }

    /// <summary>The deadline for the first byte, as a timestamp of the time provider.</summary>
    /// <param name="arrivedAt">The arrival of the scrape, as a timestamp of the same provider.</param>
    /// <param name="time">The clock.</param>
    public long RespondBy(long arrivedAt, TimeProvider time) => arrivedAt + (long)(FirstByte.TotalSeconds * time.TimestampFrequency);

    private static bool TryParse(StringValues header, out TimeSpan timeout)
    {
        timeout = default;
        const NumberStyles Styles = NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent | NumberStyles.AllowLeadingSign;
        if (header.Count != 1 || !double.TryParse(header[0], Styles, CultureInfo.InvariantCulture, out double seconds))
            return false;
        // NaN fails both comparisons. A timeout of more than a day is not plausible.
        if (!(seconds > 0) || !(seconds <= MaxAccepted.TotalSeconds))
            return false;
        timeout = TimeSpan.FromSeconds(Math.Clamp(seconds, MinTimeout.TotalSeconds, MaxTimeout.TotalSeconds));
        return true;
    }
}
