using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ModelRunner.Exposition.Text;

/// <summary>The character classes of the formats, as one table with a bit for each class.</summary>
internal static class Characters
{
    private const byte MetricStart = 1;
    private const byte MetricPart = 2;
    private const byte LabelStart = 4;
    private const byte LabelPart = 8;
    private const byte Blank = 16;

    private static readonly byte[] Classes = BuildClasses();

    /// <summary>A letter, a digit, an underscore or a colon.</summary>
    public static bool IsMetricPart(byte value) => (Classes[value] & MetricPart) != 0;

    public static bool IsMetricStart(byte value) => (Classes[value] & MetricStart) != 0;

    /// <summary>A letter, a digit or an underscore.</summary>
    public static bool IsLabelPart(byte value) => (Classes[value] & LabelPart) != 0;

    public static bool IsLabelStart(byte value) => (Classes[value] & LabelStart) != 0;

    /// <summary>A separator within a line: a space or a tab.</summary>
    public static bool IsBlank(byte value) => (Classes[value] & Blank) != 0;

    public static bool IsDigit(byte value) => (uint)(value - '0') <= 9;

    /// <summary>Whether a metric name needs no quotes.</summary>
    public static bool IsMetricName(ReadOnlySpan<byte> name)
    {
        return !name.IsEmpty && MetricNameLength(name) == name.Length;
    }

    /// <summary>The number of bytes at the start that are a metric name without quotes; 0 if there is none.</summary>
    public static int MetricNameLength(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty || !IsMetricStart(text[0]))
            return 0;
        var length = 0;
        while (text.Length - length >= Vector128<byte>.Count)
        {
            var bytes = Vector128.LoadUnsafe(ref MemoryMarshal.GetReference(text), (nuint)(uint)length);
            var lower = bytes | Vector128.Create((byte)0x20);
            var isLetter = Vector128.LessThanOrEqual(lower - Vector128.Create((byte)'a'), Vector128.Create((byte)('z' - 'a')));
            // The colon follows the digits.
            var isDigitOrColon = Vector128.LessThanOrEqual(bytes - Vector128.Create((byte)'0'), Vector128.Create((byte)(':' - '0')));
            var isPart = isLetter | isDigitOrColon | Vector128.Equals(bytes, Vector128.Create((byte)'_'));
            var parts = BitOperations.TrailingZeroCount(~isPart.ExtractMostSignificantBits());
            length += parts;
            if (parts < Vector128<byte>.Count)
                return length;
        }

        while (length < text.Length && IsMetricPart(text[length]))
            length++;
        return length;
    }

    /// <summary>Whether a label name needs no quotes.</summary>
    public static bool IsLabelName(ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty || !IsLabelStart(name[0]))
            return false;
        foreach (var part in name)
        {
            if (!IsLabelPart(part))
                return false;
        }

        return true;
    }

    private static byte[] BuildClasses()
    {
        var classes = new byte[256];
        for (var letter = 'a'; letter <= 'z'; letter++)
            classes[letter] = classes[letter - 32] = MetricStart | MetricPart | LabelStart | LabelPart;
        for (var digit = '0'; digit <= '9'; digit++)
            classes[digit] = MetricPart | LabelPart;
        classes['_'] = MetricStart | MetricPart | LabelStart | LabelPart;
        classes[':'] = MetricStart | MetricPart;
        classes[' '] = classes['\t'] = Blank;
        return classes;
    }
}
