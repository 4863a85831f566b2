using System.Globalization;

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

    /// <summary>What to write in place of a number without a unit, a clause.</summary>
    public static string WithUnits(string number) => $"write {number.Trim()}MB or {number.Trim()}GB, or {number.Trim()}B for bytes";

    /// <summary>Writes a limit of an option with the largest binary unit that leaves at least one, for instance <c>16MiB</c>.</summary>
    public static string Format(long bytes)
    {
        (string unit, int shift) = bytes switch
        {
            >= 1L << 40 => ("TiB", 40),
            >= 1L << 30 => ("GiB", 30),
            >= 1L << 20 => ("MiB", 20),
            >= 1L << 10 => ("KiB", 10),
            _ => ("B", 0),
        };
        double amount = bytes / (double)(1L << shift);
        return string.Create(CultureInfo.InvariantCulture, $"{amount:0.#}{unit}");
    }
}
