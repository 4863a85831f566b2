using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;

namespace ModelRunner.Exposition.Tests.OpenMetricsValidation;

/// <summary>The numbers of OpenMetrics 1.0: decimal digits, and the words NaN, Inf and Infinity in any case.</summary>
internal static partial class NumberText
{
    public static bool IsNumber(string text) => IsReal(text) || Words().IsMatch(text);

    /// <summary>What a timestamp must be: a number that is finite.</summary>
    public static bool IsReal(string text) => Reals().IsMatch(text);

    public static double Parse(string text)
    {
        if (IsReal(text))
            return double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
        if (text.EndsWith("nan", StringComparison.OrdinalIgnoreCase))
            return double.NaN;
        return text[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
    }

    /// <summary>Compares as readers do that take whole numbers of any size. Neither may be NaN.</summary>
    public static int Compare(string left, string right)
    {
        var (one, other) = (Parse(left), Parse(right));
        return double.IsInteger(one) && double.IsInteger(other) ? Whole(left, one).CompareTo(Whole(right, other)) : one.CompareTo(other);
    }

    private static BigInteger Whole(string text, double value) =>
        BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) ? whole : new BigInteger(value);

    [GeneratedRegex(@"\A[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\z")]
    private static partial Regex Reals();

    [GeneratedRegex(@"\A([nN][aA][nN]|[+-]?[iI][nN][fF]([iI][nN][iI][tT][yY])?)\z")]
    private static partial Regex Words();
}
