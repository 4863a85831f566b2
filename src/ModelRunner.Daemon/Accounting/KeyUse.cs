using System.Collections.Concurrent;
using ModelRunner.Telemetry;

namespace ModelRunner.Daemon.Accounting;

/// <summary>
/// The tokens of each key by days in UTC, for quotas: computed and cached ones of prompts, and generated ones. It has the days of the current
/// month, also those before the start of this process. Thread-safe.
/// </summary>
internal sealed class KeyUse
{
    /// <summary>More than the days of two months.</summary>
    private const int MaxDays = 64;

    private readonly ConcurrentDictionary<string, Dictionary<DateOnly, long>> _days = new(StringComparer.Ordinal);

    /// <summary>The tokens of a request that count.</summary>
    public static long TokensOf(in ResponseFigures figures) => figures.PromptTokens + figures.CachedTokens + figures.GeneratedTokens;

    /// <summary>A request has ended.</summary>
    public void Add(string name, DateTimeOffset at, long tokens)
    {
        if (tokens == 0)
            return;
        var today = DateOnly.FromDateTime(at.UtcDateTime);
        Dictionary<DateOnly, long> days = _days.GetOrAdd(name, static _ => []);
        lock (days)
        {
            // A clock that was wrong may leave days of the future too.
            if (days.Count >= MaxDays && !days.ContainsKey(today))
                days.Remove(days.Keys.MaxBy(day => Math.Abs(day.DayNumber - today.DayNumber)));
            days[today] = days.GetValueOrDefault(today) + tokens;
        }
    }

    /// <summary>The tokens of the day and of the month in UTC.</summary>
    public (long Day, long Month) Read(string name, DateTimeOffset now)
    {
        if (!_days.TryGetValue(name, out Dictionary<DateOnly, long>? days))
            return (0, 0);
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        lock (days)
        {
            long month = days.Where(day => day.Key.Year == today.Year && day.Key.Month == today.Month).Sum(static day => day.Value);
            return (days.GetValueOrDefault(today), month);
        }
    }
}
