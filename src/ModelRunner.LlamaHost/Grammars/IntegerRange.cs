using System.Globalization;

namespace ModelRunner.LlamaHost.Grammars;

/// <summary>Grammars for whole numbers between two limits, digit by digit.</summary>
internal static class IntegerRange
{
    /// <summary>The largest generated number: 15 digits, which every JSON reader keeps exactly.</summary>
    public const long Most = 999_999_999_999_999;

    /// <summary>The expression for the numbers from <paramref name="least"/> to <paramref name="most"/>, which must be in this order.</summary>
    public static string Expression(long least, long most)
    {
        var parts = new List<string>();
        if (least < 0)
            parts.Add("\"-\" " + Magnitude(Math.Max(1, -most), -least));
        if (most >= 0)
            parts.Add(Magnitude(Math.Max(0, least), most));
        return GbnfText.Either(parts);
    }

    /// <summary>The expression for numbers that are not negative.</summary>
    public static string Magnitude(long least, long most)
    {
        var parts = new List<string>();
        for (long first = 0, last = 9; first <= most; first = last + 1, last = (last * 10) + 9)
        {
            if (last < least)
                continue;
            string low = Math.Max(first, least).ToString(CultureInfo.InvariantCulture);
            string high = Math.Min(last, most).ToString(CultureInfo.InvariantCulture);
            parts.Add(SameLength(low, high));
        }

        return GbnfText.Either(parts);
    }

    private static string SameLength(string low, string high)
    {
        if (low.Length == 0)
            return "";
        string lowRest = low[1..];
        string highRest = high[1..];
        if (low[0] == high[0])
            return $"\"{low[0]}\" {SameLength(lowRest, highRest)}".TrimEnd();

        var parts = new List<string>();
        char from = low[0];
        char to = high[0];
        if (lowRest.Trim('0').Length > 0)
            parts.Add($"\"{from++}\" {SameLength(lowRest, new string('9', lowRest.Length))}");
        string? end = null;
        if (highRest.Trim('9').Length > 0)
            end = $"\"{to--}\" {SameLength(new string('0', highRest.Length), highRest)}";
        if (from <= to)
            parts.Add(lowRest.Length == 0 ? $"[{from}-{to}]" : string.Create(CultureInfo.InvariantCulture, $"[{from}-{to}] [0-9]{{{lowRest.Length}}}"));
        if (end is not null)
            parts.Add(end);
        return GbnfText.Either(parts);
    }
}
