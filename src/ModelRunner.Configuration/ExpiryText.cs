using System.Globalization;

namespace ModelRunner.Configuration;

/// <summary>When a key expires.</summary>
internal static class ExpiryText
{
    /// <summary>What to write.</summary>
    public const string Expected = "a date such as 2027-12-31, the last day in UTC on which the key works, or a time such as 2027-12-31T18:00:00Z";

    private const string Date = "yyyy-MM-dd";
    private const string Time = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    private static readonly string[] Times = ["yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    /// <summary>Reads the moment from which on the key is refused.</summary>
    public static bool TryParse(string text, out DateTimeOffset expiresAt)
    {
        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (DateTimeOffset.TryParseExact(text, Date, CultureInfo.InvariantCulture, Utc, out expiresAt))
        {
            bool hasNext = expiresAt.Year < 9999;
            expiresAt = hasNext ? expiresAt.AddDays(1) : expiresAt;
            return hasNext;
        }

        return DateTimeOffset.TryParseExact(text, Times, CultureInfo.InvariantCulture, Utc, out expiresAt);
    }

    /// <summary>The moment in UTC.</summary>
    public static string Format(DateTimeOffset time) => time.UtcDateTime.ToString(Time, CultureInfo.InvariantCulture);
}
