using ModelRunner.Exposition.Reading;

namespace ModelRunner.Exposition.Merging;

/// <summary>The grammar of the values of the labels <c>le</c> and <c>quantile</c>.</summary>
internal static class BoundGrammar
{
    private const int MaxWholeDigits = 6;
    private const int MaxBytes = 15;

    /// <summary>Whether the value is a number, and whether it certainly has the form of OpenMetrics: <c>1.0</c>, <c>+Inf</c>.</summary>
    public static SampleFlags Classify(ReadOnlySpan<byte> value) => NumberGrammar.Classify(value) switch
    {
        NumberForm.Invalid or NumberForm.SignedNotANumber or NumberForm.OutOfRange => SampleFlags.HasBadBound,
        NumberForm.Canonical => IsExact(value) ? SampleFlags.None : SampleFlags.HasPlainBound,
        _ => SampleFlags.HasPlainBound,
    };

    /// <summary>The same for a value inside a body, which a quote follows. Faster for common values.</summary>
    public static SampleFlags Classify(ReadOnlySpan<byte> body, int start, int end)
    {
        var value = body[start..end];
        if (FastNumber.FindEnd(body, start, end) != end)
            return Classify(value);
        return IsExact(value) ? SampleFlags.None : SampleFlags.HasPlainBound;
    }

    // Whether the number has the form that Go prints without an exponent. Any other number is rewritten, which does not change a correct one.
    private static bool IsExact(ReadOnlySpan<byte> value)
    {
        if (value[^1] > '9')
            return true;
        if (value[0] == '-')
            value = value[1..];
        var point = value.IndexOf((byte)'.');
        if (point is < 1 or > MaxWholeDigits || value.Length > MaxBytes || value[0] < '0' || (point > 1 && value[0] == '0'))
            return false;
        var fraction = value[(point + 1)..];
        if (fraction.IsEmpty || fraction.IndexOfAny((byte)'e', (byte)'E') >= 0 || (fraction[^1] == '0' && fraction.Length > 1))
            return false;
        return value[0] != '0' || !fraction.StartsWith("0000"u8);
    }
}
