using ModelRunner.Exposition.Reading;

namespace ModelRunner.Exposition.Merging;

/// <summary>The values of the labels <c>le</c> and <c>quantile</c>.</summary>
internal static class BoundGrammar
{
    /// <summary>Whether the value is a number, and whether it is written as OpenMetrics wants it: <c>1.0</c>, <c>+Inf</c>.</summary>
    public static SampleFlags Classify(ReadOnlySpan<byte> value) => NumberGrammar.Classify(value) switch
    {
        NumberForm.Invalid or NumberForm.SignedNotANumber or NumberForm.OutOfRange => SampleFlags.HasBadBound,
        NumberForm.Canonical => IsExact(value) ? SampleFlags.None : SampleFlags.HasPlainBound,
        _ => SampleFlags.HasPlainBound,
    };

    /// <summary>The same for a value that stands in a body, with a quote behind it; quicker for those that most bodies have.</summary>
    public static SampleFlags Classify(ReadOnlySpan<byte> body, int start, int end)
    {
        var value = body[start..end];
        if (FastNumber.FindEnd(body, start, end) != end)
            return Classify(value);
        return IsExact(value) ? SampleFlags.None : SampleFlags.HasPlainBound;
    }

    private static bool IsExact(ReadOnlySpan<byte> value) => value[^1] > '9' || value.IndexOfAny((byte)'.', (byte)'e', (byte)'E') >= 0;
}
