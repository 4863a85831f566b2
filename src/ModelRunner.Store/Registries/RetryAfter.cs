using System.Globalization;
using System.Net.Http.Headers;

namespace ModelRunner.Store.Registries;

/// <summary>When a server allows the next request.</summary>
internal static class RetryAfter
{
    /// <summary>The time that the header names, in seconds or as a date; null: it names none.</summary>
    public static DateTimeOffset? Of(HttpResponseMessage response, DateTimeOffset now)
    {
        RetryConditionHeaderValue? value = response.Headers.RetryAfter;
        return value?.Date ?? (value?.Delta is { } delta && delta < TimeSpan.FromDays(366) ? now + delta : null);
    }

    /// <summary>A clause for errors.</summary>
    public static string Describe(DateTimeOffset? at, DateTimeOffset now)
    {
        if (at is not { } time || time <= now)
            return "try again later";
        TimeSpan left = time - now;
        string duration = left < TimeSpan.FromMinutes(2)
            ? string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(left.TotalSeconds):0} s")
            : string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(left.TotalMinutes):0} min");
        return string.Create(CultureInfo.InvariantCulture, $"try again in {duration}, after {time.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC");
    }
}
