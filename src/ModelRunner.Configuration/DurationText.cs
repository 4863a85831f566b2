using System.Globalization;
using System.Text;

namespace ModelRunner.Configuration;

/// <summary>
/// Durations as people write them. One syntax for the configuration, the API and the command line: <c>10m</c>, <c>1h30m</c>, <c>500ms</c>,
/// <c>1.5h</c>, <c>7d</c>, a number of seconds (<c>300</c>), <c>0</c>. A leading minus sign makes it negative.
/// </summary>
internal static class DurationText
{
    /// <summary>The longest duration that is accepted. A longer one is certainly a mistake.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(3650);

    /// <summary>Reads a duration; false if it is invalid or longer than <see cref="Longest"/>.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan duration)
    {
        text = text.Trim();
        bool isNegative = text is ['-', ..];
        if (isNegative)
            text = text[1..];

        duration = default;
        if (!TryParseSeconds(text, out double seconds) && !TryParseUnits(text, out seconds))
            return false;
        if (!(seconds <= Longest.TotalSeconds))
            return false;

        duration = TimeSpan.FromSeconds(isNegative ? -seconds : seconds);
        return true;
    }

    /// <summary>
    /// Whether a text is a positive number without a unit. Where a person writes a duration for a command, that is refused: <c>3</c> may mean days.
    /// </summary>
    public static bool LacksUnit(ReadOnlySpan<char> text) => TryParseSeconds(text.Trim(), out double number) && number > 0;

    /// <summary>What to write in place of a number without a unit, a clause. Nothing beyond the limits is advised.</summary>
    /// <param name="number">What was written.</param>
    /// <param name="minimum">The shortest duration that is accepted.</param>
    /// <param name="maximum">The longest one; null: <see cref="Longest"/>.</param>
    public static string WithUnits(string number, TimeSpan minimum = default, TimeSpan? maximum = null)
    {
        string text = number.Trim();
        string[] fitting = [.. ((string[])["s", "m", "h", "d"]).Select(unit => text + unit).Where(written =>
            TryParse(written, out TimeSpan time) && time >= minimum && time <= (maximum ?? Longest))];
        return fitting.Length switch
        {
            0 => $"write a duration from {Format(minimum)} to {Format(maximum ?? Longest)}",
            1 => $"write {fitting[0]}",
            _ => $"write {string.Join(", ", fitting[..^1])} or {fitting[^1]}",
        };
    }

    /// <summary>Reads how long an idle runner stays loaded. Every negative duration becomes <see cref="Timeout.InfiniteTimeSpan"/>: no limit.</summary>
    public static bool TryParseKeepAlive(ReadOnlySpan<char> text, out TimeSpan keepAlive)
    {
        if (!TryParse(text, out keepAlive))
            return false;

        if (keepAlive < TimeSpan.Zero)
            keepAlive = Timeout.InfiniteTimeSpan;
        return true;
    }

    /// <summary>Writes a duration in the format that <see cref="TryParse"/> reads; negative ones as <c>-1</c>.</summary>
    public static string Format(TimeSpan duration)
    {
        if (duration < TimeSpan.Zero)
            return "-1";
        if (duration == TimeSpan.Zero)
            return "0s";
        if (duration < TimeSpan.FromSeconds(1))
            return string.Create(CultureInfo.InvariantCulture, $"{duration.TotalMilliseconds}ms");

        var text = new StringBuilder();
        long hours = (long)duration.TotalHours;
        if (hours > 0)
            text.Append(CultureInfo.InvariantCulture, $"{hours}h");
        if (duration.Minutes > 0)
            text.Append(CultureInfo.InvariantCulture, $"{duration.Minutes}m");
        double seconds = (duration - TimeSpan.FromHours(hours) - TimeSpan.FromMinutes(duration.Minutes)).TotalSeconds;
        if (seconds > 0)
            text.Append(CultureInfo.InvariantCulture, $"{seconds}s");
        return text.ToString();
    }

    private static bool TryParseSeconds(ReadOnlySpan<char> text, out double seconds) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out seconds);

    private static bool TryParseUnits(ReadOnlySpan<char> text, out double seconds)
    {
        seconds = 0;
        if (text.IsEmpty)
            return false;

        while (!text.IsEmpty)
        {
            int digits = text.IndexOfAnyExceptInRange('.', '9');
            int letters = digits < 0 ? -1 : text[digits..].IndexOfAnyInRange('.', '9');
            ReadOnlySpan<char> unit = digits < 0 ? default : letters < 0 ? text[digits..] : text.Slice(digits, letters);
            if (digits <= 0 || !TryParseSeconds(text[..digits], out double amount) || !TryGetSeconds(unit, out double unitSeconds))
                return false;

            seconds += amount * unitSeconds;
            text = text[(digits + unit.Length)..];
        }

        return true;
    }

    private static bool TryGetSeconds(ReadOnlySpan<char> unit, out double seconds)
    {
        seconds = unit switch
        {
            "d" => 86_400,
            "h" => 3600,
            "m" => 60,
            "s" => 1,
            "ms" => 1e-3,
            "us" or "µs" or "μs" => 1e-6,
            "ns" => 1e-9,
            _ => 0,
        };
        return seconds > 0;
    }
}
