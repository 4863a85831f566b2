using System.Globalization;
using ModelRunner.Linux.Files;

namespace ModelRunner.Configuration;

/// <summary>
/// Byte sizes as people write them: <c>16777216</c>, <c>512MiB</c>, <c>8 GiB</c>, <c>8GB</c> (powers of ten), <c>8G</c> (powers of two).
/// </summary>
internal static class ByteSizeText
{
    private static readonly (string Unit, long Bytes)[] Units =
    [
        ("KIB", 1L << 10), ("MIB", 1L << 20), ("GIB", 1L << 30), ("TIB", 1L << 40),
        ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
        ("K", 1L << 10), ("M", 1L << 20), ("G", 1L << 30), ("T", 1L << 40), ("B", 1),
    ];

    /// <summary>Reads a byte size; false if it is invalid, negative or beyond 2^63.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out long bytes)
    {
        text = text.Trim();
        long unitBytes = 1;
        foreach ((string unit, long size) in Units)
        {
            if (!text.EndsWith(unit, StringComparison.OrdinalIgnoreCase))
                continue;

            unitBytes = size;
            text = text[..^unit.Length].TrimEnd();
            break;
        }

        bytes = 0;
        if (!decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal amount))
            return false;
        if (amount > long.MaxValue / unitBytes)
            return false;

        bytes = (long)(amount * unitBytes);
        return true;
    }

    /// <summary>
    /// Whether a text is a positive number without a unit. Where a person writes a size for a command, that is refused: <c>200</c> may mean gigabytes.
    /// </summary>
    public static bool LacksUnit(ReadOnlySpan<char> text) =>
        decimal.TryParse(text.Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number) && number > 0;

    /// <summary>What to write in place of a number without a unit, a clause. Nothing beyond the limits is advised.</summary>
    /// <param name="number">What was written.</param>
    /// <param name="minimum">The smallest size that is accepted.</param>
    /// <param name="maximum">The largest one.</param>
    public static string WithUnits(string number, long minimum = 0, long maximum = long.MaxValue) =>
        WithUnits(number, ["MB", "GB"], "", minimum, maximum);

    /// <summary>As the other one, for bytes per second.</summary>
    public static string RateWithUnits(string number, long minimum, long maximum) => WithUnits(number, ["KB", "MB"], "/s", minimum, maximum);

    /// <summary>Writes a limit of an option with the largest binary unit that leaves at least one, for instance <c>16MiB</c>.</summary>
    public static string Format(long bytes) => UnitText.Format(bytes, step: 1024, digits: 1, isFixed: false, "B", "KiB", "MiB", "GiB", "TiB");

    private static string WithUnits(string number, string[] units, string end, long minimum, long maximum)
    {
        string text = number.Trim();
        string usual = string.Join(" or ", units.Where(Fits).Select(unit => text + unit + end));
        string bytes = Fits("B") ? $"{text}B{end} for bytes" : "";
        return (usual.Length, bytes.Length) switch
        {
            (0, 0) => $"write a value from {Format(minimum)}{end} to {Format(maximum)}{end}",
            (_, 0) => $"write {usual}",
            (0, _) => $"write {bytes}",
            _ => $"write {usual}, or {bytes}",
        };

        bool Fits(string unit) => TryParse(text + unit, out long size) && size >= minimum && size <= maximum;
    }
}
