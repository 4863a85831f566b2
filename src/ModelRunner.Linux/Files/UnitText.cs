using System.Globalization;

namespace ModelRunner.Linux.Files;

/// <summary>Numbers for people, with a unit.</summary>
internal static class UnitText
{
    private const int MaxDigits = 2;

    /// <summary>Writes a number with the largest unit that leaves at least one after it is rounded: <c>1.00 MB</c>, never <c>1000.00 kB</c>.</summary>
    /// <param name="number">The number, in the first unit.</param>
    /// <param name="step">How many of a unit the next one has.</param>
    /// <param name="digits">The most digits after the point: 1 or 2.</param>
    /// <param name="isFixed">Whether there are always so many digits.</param>
    /// <param name="units">The units, with the space before them.</param>
    public static string Format(long number, int step, int digits, bool isFixed, params ReadOnlySpan<string> units)
    {
        double value = number;
        int unit = 0;
        while (Math.Round(value, digits) >= step && unit < units.Length - 1)
            (value, unit) = (value / step, unit + 1);
        string format = (isFixed ? "0.00" : "0.##")[..^(MaxDigits - digits)];
        return value.ToString(format, CultureInfo.InvariantCulture) + units[unit];
    }
}
