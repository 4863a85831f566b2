using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Reading;

/// <summary>The grammar of Go's ParseFloat, without hexadecimal numbers and underscores, but with the NaN spellings of C's printf.</summary>
internal static class NumberGrammar
{
    // A shorter decimal number without exponent is always within the range of a double.
    private const int AlwaysInRange = 300;

    public static NumberForm Classify(ReadOnlySpan<byte> text)
    {
        var position = 0;
        if (position < text.Length && text[position] is (byte)'-' or (byte)'+')
            position++;
        var digits = SkipDigits(text, ref position);
        if (position < text.Length && text[position] == '.')
        {
            position++;
            digits += SkipDigits(text, ref position);
        }

        if (digits == 0)
            return ClassifyWord(text);
        if (position == text.Length)
            return text.Length <= AlwaysInRange ? NumberForm.Canonical : CheckRange(text);
        if ((text[position] | 0x20) != 'e')
            return NumberForm.Invalid;
        position++;
        if (position < text.Length && text[position] is (byte)'-' or (byte)'+')
            position++;
        return SkipDigits(text, ref position) > 0 && position == text.Length ? CheckRange(text) : NumberForm.Invalid;
    }

    private static int SkipDigits(ReadOnlySpan<byte> text, ref int position)
    {
        var start = position;
        while ((uint)position < (uint)text.Length && Characters.IsDigit(text[position]))
            position++;
        return position - start;
    }

    private static NumberForm CheckRange(ReadOnlySpan<byte> text) =>
        double.IsInfinity(Numbers.Parse(text)) ? NumberForm.OutOfRange : NumberForm.Canonical;

    private static NumberForm ClassifyWord(ReadOnlySpan<byte> text)
    {
        if (text.SequenceEqual("NaN"u8) || text.SequenceEqual("+Inf"u8) || text.SequenceEqual("-Inf"u8))
            return NumberForm.Canonical;
        if (text.Length is < 3 or > 16)
            return NumberForm.Invalid;
        Span<byte> lower = stackalloc byte[16];
        lower = lower[..text.Length];
        for (var i = 0; i < text.Length; i++)
            lower[i] = (byte)(text[i] is >= (byte)'A' and <= (byte)'Z' ? text[i] | 0x20 : text[i]);
        var isSigned = lower[0] is (byte)'-' or (byte)'+';
        ReadOnlySpan<byte> word = isSigned ? lower[1..] : lower;
        if (word.SequenceEqual("inf"u8) || word.SequenceEqual("infinity"u8))
            return lower[0] == '-' ? NumberForm.NegativeInfinity : NumberForm.PositiveInfinity;
        if (word.SequenceEqual("nan"u8))
            return isSigned ? NumberForm.SignedNotANumber : NumberForm.NotANumber;
        // The C runtime of Windows prints nan(ind) and nan(snan); glibc can print a payload.
        return word.StartsWith("nan("u8) && word[^1] == ')' ? NumberForm.SignedNotANumber : NumberForm.Invalid;
    }
}
