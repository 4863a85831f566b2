using System.Globalization;
using System.Text.RegularExpressions;

namespace ModelRunner.Exposition.Tests.Oracle;

/// <summary>The numbers that are taken: decimal ones as in Go, every spelling of infinity, and every spelling of NaN that C libraries print.</summary>
internal static partial class OracleNumber
{
    /// <summary>The text to write for a number; null where it is none; empty where it is a number that no double can hold.</summary>
    public static string? Canonical(string text)
    {
        if (Decimal().IsMatch(text))
            return double.IsInfinity(Value(text)) ? "" : text;
        if (Infinity().IsMatch(text))
            return text[0] == '-' ? "-Inf" : "+Inf";
        return text.Length <= 16 && NotANumber().IsMatch(text) ? "NaN" : null;
    }

    public static bool IsWithinDouble(string text) => Canonical(text) is { Length: > 0 };

    /// <summary>Whether the text can be the bound of a bucket or quantile.</summary>
    public static bool IsBound(string text) => IsWithinDouble(text) && !(text[0] is '+' or '-' && Canonical(text) == "NaN") && !text.Contains('(', StringComparison.Ordinal);

    public static bool IsTimestamp(string text, bool isOpenMetrics) => isOpenMetrics
        ? Decimal().IsMatch(text) && IsWithinDouble(text)
        : Whole().IsMatch(text) && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);

    public static double Value(string decimalText) => double.Parse(decimalText, NumberStyles.Float, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\A[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\z")]
    private static partial Regex Decimal();

    [GeneratedRegex(@"\A[+-]?inf(inity)?\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Infinity();

    [GeneratedRegex(@"\A[+-]?nan(\(.*\))?\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex NotANumber();

    [GeneratedRegex(@"\A-?[0-9]+\z")]
    private static partial Regex Whole();
}
