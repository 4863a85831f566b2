using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Reading;

/// <summary>Finds the end of a number in its most common forms, without first searching for the end of the token.</summary>
internal static class FastNumber
{
    // With this few digits and a two-digit exponent the number is within the range of a double.
    private const int AlwaysInRange = 200;

    /// <summary>The end of the number, or -1 if it is not canonical or needs the full parser.</summary>
    /// <param name="body">The body; it may continue after the end.</param>
    /// <param name="position">The start of the number.</param>
    /// <param name="end">The end of the line, or of the label value. The byte there must not be part of a number.</param>
    public static int FindEnd(ReadOnlySpan<byte> body, int position, int end)
    {
        var start = position;
        if (position < end && body[position] is (byte)'-' or (byte)'+')
            position++;
        if (!TrySkipShortDecimal(body, ref position) && !TrySkipDecimal(body[..end], ref position))
            return FindWord(body[..end], start);
        if (position < end && (body[position] | 0x20) == 'e' && !TrySkipExponent(body[..end], ref position))
            return -1;
        return position == end || body[position] == ' ' ? position : -1;
    }

    /// <summary>
    /// Skips digits with at most one point, if they are fewer than the bytes of a vector. There is no loop, because its branch would not be
    /// predictable.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TrySkipShortDecimal(ReadOnlySpan<byte> body, ref int position)
    {
        if (position > body.Length - Vector128<byte>.Count)
            return false;
        var bytes = Vector128.LoadUnsafe(ref MemoryMarshal.GetReference(body), (nuint)(uint)position);
        var isDigit = Vector128.LessThanOrEqual(bytes - Vector128.Create((byte)'0'), Vector128.Create((byte)9));
        var points = Vector128.Equals(bytes, Vector128.Create((byte)'.')).ExtractMostSignificantBits();
        var length = BitOperations.TrailingZeroCount(~(isDigit.ExtractMostSignificantBits() | points));
        points &= (1u << length) - 1;
        var hasDigits = length > BitOperations.PopCount(points);
        if (length == Vector128<byte>.Count || !hasDigits || (points & (points - 1)) != 0)
            return false;
        position += length;
        return true;
    }

    private static bool TrySkipDecimal(ReadOnlySpan<byte> line, ref int position)
    {
        var start = position;
        SkipDigits(line, ref position);
        var digits = position - start;
        if ((uint)position < (uint)line.Length && line[position] == '.')
        {
            start = ++position;
            SkipDigits(line, ref position);
            digits += position - start;
        }

        return digits is > 0 and <= AlwaysInRange;
    }

    private static bool TrySkipExponent(ReadOnlySpan<byte> line, ref int position)
    {
        position++;
        if ((uint)position < (uint)line.Length && line[position] is (byte)'-' or (byte)'+')
            position++;
        var exponent = position;
        while ((uint)position < (uint)line.Length && line[position] == '0')
            position++;
        var significant = position;
        SkipDigits(line, ref position);
        return position > exponent && position <= significant + 2;
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
