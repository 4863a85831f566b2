using System.Runtime.CompilerServices;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Reading;

/// <summary>Finds the end of a number in the forms that nearly all lines have, without looking for the end of its token first.</summary>
internal static class FastNumber
{
    // With so few digits and an exponent of two digits behind its zeros no number is beyond the range of a double.
    private const int AlwaysInRange = 200;

    /// <summary>Where the number ends, or -1 where it is not canonical or must be looked at more closely.</summary>
    public static int FindEnd(ReadOnlySpan<byte> line, int position)
    {
        var start = position;
        if ((uint)position < (uint)line.Length && line[position] is (byte)'-' or (byte)'+')
            position++;
        var digits = position;
        SkipDigits(line, ref position);
        digits = position - digits;
        if ((uint)position < (uint)line.Length && line[position] == '.')
        {
            var point = ++position;
            SkipDigits(line, ref position);
            digits += position - point;
        }

        if (digits == 0)
            return FindWord(line, start);
        if (digits > AlwaysInRange)
            return -1;
        if ((uint)position < (uint)line.Length && (line[position] | 0x20) == 'e')
        {
            position++;
            if ((uint)position < (uint)line.Length && line[position] is (byte)'-' or (byte)'+')
                position++;
            var exponent = position;
            while ((uint)position < (uint)line.Length && line[position] == '0')
                position++;
            var significant = position;
            SkipDigits(line, ref position);
            if (position == exponent || position > significant + 2)
                return -1;
        }

        return position == line.Length || line[position] == ' ' ? position : -1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SkipDigits(ReadOnlySpan<byte> line, ref int position)
    {
        while ((uint)position < (uint)line.Length && Characters.IsDigit(line[position]))
            position++;
    }

    private static int FindWord(ReadOnlySpan<byte> line, int start)
    {
        var rest = line[start..];
        var length = rest.StartsWith("NaN"u8) ? 3 : rest.StartsWith("+Inf"u8) || rest.StartsWith("-Inf"u8) ? 4 : 0;
        return length > 0 && (rest.Length == length || rest[length] == ' ') ? start + length : -1;
    }
}
