using System.Buffers;
using System.Buffers.Text;
using System.Globalization;

namespace ModelRunner.Exposition.Text;

/// <summary>
/// Reads and writes numbers as in both formats: the shortest form that reads back to the same bits, independent of the culture.
/// </summary>
internal static class Numbers
{
    /// <summary>The most bytes of a double in this form.</summary>
    public const int MaxBytes = 32;

    private const double ExactIntegers = 9007199254740992;
    private const double FirstExponent = 1e6;
    private const int ShortDigits = 15;

    private static readonly double[] PowersOfTen = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

    /// <summary>Writes a number; integers below 2^53 without exponent or point.</summary>
    public static int Format(double value, Span<byte> destination)
    {
        if (double.IsNaN(value))
            return Copy("NaN"u8, destination);
        if (double.IsInfinity(value))
            return Copy(value > 0 ? "+Inf"u8 : "-Inf"u8, destination);
        var isInteger = Math.Abs(value) < ExactIntegers && value == Math.Truncate(value) && !double.IsNegative(value);
        int written;
        if (isInteger)
            ((long)value).TryFormat(destination, out written, default, CultureInfo.InvariantCulture);
        else
            value.TryFormat(destination, out written, "R", CultureInfo.InvariantCulture);
        var exponent = destination[..written].IndexOf((byte)'E');
        if (exponent >= 0)
            destination[exponent] = (byte)'e';
        return written;
    }

    /// <summary>Appends a number to a buffer.</summary>
    public static void Append(IBufferWriter<byte> output, double value) => output.Advance(Format(value, output.GetSpan(MaxBytes)));

    /// <summary>
    /// Appends a bound of a bucket or quantile in the form of OpenMetrics ("canonical numbers"). Go prints it so, always with a point or an
    /// exponent: <c>1.0</c>, <c>0.0001</c>, <c>1e-05</c>, <c>100000.0</c>, <c>1e+06</c>. Prometheus 3 writes all bounds so.
    /// </summary>
    public static void AppendBound(IBufferWriter<byte> output, double value)
    {
        Span<byte> text = stackalloc byte[MaxBytes];
        var length = Format(value, text);
        var hasExponent = text[..length].Contains((byte)'e');
        if (double.IsFinite(value) && Math.Abs(value) >= FirstExponent && !hasExponent)
            length = ToExponent(text, length);
        else if (double.IsFinite(value) && !hasExponent && !text[..length].Contains((byte)'.'))
            length += Copy(".0"u8, text[length..]);
        output.Write(text[..length]);
    }

    /// <summary>Reads a number that matches <see cref="Reading.NumberGrammar"/>.</summary>
    public static double Parse(ReadOnlySpan<byte> text)
    {
        if (TryParseShort(text, out var plain))
            return plain;
        if (Utf8Parser.TryParse(text, out double value, out var used) && used == text.Length)
            return value;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) ? value : ParseWord(text);
    }

    // Up to 15 digits and a power of ten up to 10^15 are both exact as doubles, so one division rounds correctly.
    private static bool TryParseShort(ReadOnlySpan<byte> text, out double value)
    {
        value = 0;
        if (text.Length is 0 or > ShortDigits)
            return false;
        long digits = 0;
        var point = -1;
        for (var i = 0; i < text.Length; i++)
        {
            var digit = (uint)(text[i] - '0');
            if (digit <= 9)
                digits = (digits * 10) + digit;
            else if (text[i] == '.' && point < 0)
                point = i;
            else
                return false;
        }

        value = point < 0 ? digits : digits / PowersOfTen[text.Length - point - 1];
        return true;
    }

    // Go writes an exponent from one million on, while all other numbers here are written without exponent up to 2^53.
    private static int ToExponent(Span<byte> text, int length)
    {
        var start = text[0] == '-' ? 1 : 0;
        var point = text[..length].IndexOf((byte)'.');
        var exponent = (point < 0 ? length : point) - start - 1;
        if (point >= 0)
            text[(point + 1)..length--].CopyTo(text[point..]);
        length = start + text[start..length].TrimEnd((byte)'0').Length;
        if (length > start + 1)
        {
            text[(start + 1)..length++].CopyTo(text[(start + 2)..]);
            text[start + 1] = (byte)'.';
        }

        "e+"u8.CopyTo(text[length..]);
        exponent.TryFormat(text[(length + 2)..], out var written, "00", CultureInfo.InvariantCulture);
        return length + 2 + written;
    }

    private static double ParseWord(ReadOnlySpan<byte> text)
    {
        if ((text[^1] | 0x20) == 'n')
            return double.NaN;
        return text[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
    }

    private static int Copy(ReadOnlySpan<byte> text, Span<byte> destination)
    {
        text.CopyTo(destination);
        return text.Length;
    }
}
