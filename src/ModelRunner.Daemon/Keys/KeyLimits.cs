using ModelRunner.Configuration;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Keys;

/// <summary>
/// Holds the keys to their limits: requests in flight, and tokens of a day and of a month. A request that was let in runs to its end, so the
/// requests in flight may exceed a quota. Thread-safe.
/// </summary>
internal sealed class KeyLimits(KeyUse use, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _inFlight = new(StringComparer.Ordinal);

    /// <summary>Lets a request in. It is in flight until the returned lease is disposed of.</summary>
    /// <returns>Null if the caller has no limits.</returns>
    /// <exception cref="ApiException">A limit is reached.</exception>
    public KeyLease? Enter(Caller caller)
    {
        if (caller.Key is not { } key)
            return null;
        CheckQuota(key);
        lock (_lock)
        {
            // Also without a limit, because a reload may set one.
            int count = _inFlight.GetValueOrDefault(key.Name);
            if (count >= key.Concurrency)
                throw new ApiException(KeyErrors.Concurrency(key));
            _inFlight[key.Name] = count + 1;
        }

        return new KeyLease(() => Leave(key.Name));
    }

    private void Leave(string name)
    {
        lock (_lock)
        {
            if (--_inFlight[name] == 0)
                _inFlight.Remove(name);
        }
    }

    private void CheckQuota(KeySettings key)
    {
        if (key.TokensPerDay is null && key.TokensPerMonth is null)
            return;
        DateTimeOffset now = time.GetUtcNow();
        (long day, long month) = use.Read(key.Name, now);
        var midnight = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero);

        // The end of the month is never before that of the day.
        if (month >= key.TokensPerMonth)
            throw new ApiException(KeyErrors.Quota(key, month, key.TokensPerMonth.Value, "month", midnight.AddDays(1 - now.UtcDateTime.Day).AddMonths(1), now));
        if (day >= key.TokensPerDay)
            throw new ApiException(KeyErrors.Quota(key, day, key.TokensPerDay.Value, "day", midnight.AddDays(1), now));
    }
}
