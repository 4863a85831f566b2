using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Tests.Keys;

/// <summary>The rules of docs/configuration.md, "Keys", in their most obvious form.</summary>
internal sealed class QuotaBook
{
    private readonly Dictionary<(string Key, DateTime Day), long> _days = [];
    private readonly Dictionary<string, (DateTimeOffset At, long Day, long Month, long InFlight)> _lastAdmission = new(StringComparer.Ordinal);

    public void End(string key, DateTimeOffset at, long tokens) => _days[(key, at.Date)] = OfDay(key, at) + tokens;

    public long OfDay(string key, DateTimeOffset now) => _days.GetValueOrDefault((key, now.Date));

    public long OfMonth(string key, DateTimeOffset now) =>
        _days.Where(day => day.Key.Key == key && (day.Key.Day.Year, day.Key.Day.Month) == (now.Year, now.Month)).Sum(static day => day.Value);

    /// <summary>Why a request must be refused now, and when that ends; null: it must be let in.</summary>
    public (string Code, DateTimeOffset? End)? Expect(KeySettings key, int inFlight, DateTimeOffset now)
    {
        var today = new DateTimeOffset(now.Year, now.Month, now.Day, 0, 0, 0, TimeSpan.Zero);
        if (OfMonth(key.Name, now) >= key.TokensPerMonth)
            return ("insufficient_quota", new DateTimeOffset(now.Year, now.Month, 1, 0, 0, 0, TimeSpan.Zero).AddMonths(1));
        if (OfDay(key.Name, now) >= key.TokensPerDay)
            return ("insufficient_quota", today.AddDays(1));
        return inFlight >= key.Concurrency ? ("rate_limit_exceeded", null) : null;
    }

    /// <summary>A request was let in.</summary>
    /// <param name="key">The key.</param>
    /// <param name="now">The time.</param>
    /// <param name="inFlight">The tokens of all its requests in flight, with this one.</param>
    public void Admit(string key, DateTimeOffset now, long inFlight) => _lastAdmission[key] = (now, OfDay(key, now), OfMonth(key, now), inFlight);

    /// <summary>Whether a key has used no more than it had used when a request was last let in, and what was in flight then.</summary>
    public bool IsWithin(string key, DateTimeOffset now)
    {
        if (!_lastAdmission.TryGetValue(key, out (DateTimeOffset At, long Day, long Month, long InFlight) last))
            return OfMonth(key, now) == 0;
        bool isSameMonth = (last.At.Year, last.At.Month) == (now.Year, now.Month);
        return OfDay(key, now) <= (last.At.Date == now.Date ? last.Day : 0) + last.InFlight
            && OfMonth(key, now) <= (isSameMonth ? last.Month : 0) + last.InFlight;
    }
}
