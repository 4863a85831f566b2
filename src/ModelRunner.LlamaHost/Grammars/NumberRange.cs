using System.Globalization;

namespace ModelRunner.LlamaHost.Grammars;

/// <summary>Grammars for numbers with a fraction between two whole limits, each of which may be excluded.</summary>
internal static class NumberRange
{
    private const string Fraction = "( \".\" [0-9]{1,9} )?";
    private const string SomeFraction = "\".\" [0-9]{0,8} [1-9]";

    /// <summary>The expression; null: there is no such number.</summary>
    /// <param name="least">The smallest number.</param>
    /// <param name="hasLeast">Whether the smallest number itself is allowed.</param>
    /// <param name="most">The largest number.</param>
    /// <param name="hasMost">Whether the largest number itself is allowed.</param>
    public static string? Expression(long least, bool hasLeast, long most, bool hasMost)
    {
        var parts = new List<string>();
        if (least < 0)
        {
            // Below zero the limits are swapped. Zero itself belongs to the other half.
            string? below = most < 0 ? Magnitude(-most, hasMost, -least, hasLeast) : Magnitude(0, false, -least, hasLeast);
            if (below is not null)
                parts.Add("\"-\" " + below);
        }

        if (most >= 0 && Magnitude(Math.Max(0, least), least < 0 || hasLeast, most, hasMost) is { } above)
            parts.Add(above);
        return parts.Count == 0 ? null : GbnfText.Either(parts);
    }

    private static string? Magnitude(long least, bool hasLeast, long most, bool hasMost)
    {
        var parts = new List<string>();
        if (least < most)
        {
            parts.Add(Whole(least) + " " + (hasLeast ? Fraction : SomeFraction));
            if (least + 1 <= most - 1)
                parts.Add(IntegerRange.Magnitude(least + 1, most - 1) + " " + Fraction);
        }

        if (hasMost && (least < most || hasLeast))
            parts.Add(Whole(most));
        return parts.Count == 0 ? null : GbnfText.Either(parts);
    }

    private static string Whole(long number) => "\"" + number.ToString(CultureInfo.InvariantCulture) + "\"";
}
