using System.Buffers;
using System.Globalization;
using System.Text;

namespace ModelRunner.Exposition.Text;

/// <summary>Writes names without quotes, by the escaping schemes of Prometheus (common/model, EscapeName).</summary>
internal static class NameEscaper
{
    /// <summary>Appends a decoded, unquoted name in the given scheme.</summary>
    /// <param name="output">Receives the escaped name.</param>
    /// <param name="name">UTF-8, not empty.</param>
    /// <param name="scheme">Not <see cref="NameEscaping.AllowUtf8"/>.</param>
    /// <param name="isLabel">Whether it is a label name, which may not contain a colon.</param>
    public static void Append(ByteBuilder output, ReadOnlySpan<byte> name, NameEscaping scheme, bool isLabel)
    {
        var isPlain = isLabel ? Characters.IsLabelName(name) : Characters.IsMetricName(name);
        if (isPlain && scheme != NameEscaping.Dots)
        {
            output.Append(name);
            return;
        }

        if (scheme == NameEscaping.Values)
            output.Append("U__"u8);
        var isFirst = true;
        while (!name.IsEmpty)
        {
            var status = Rune.DecodeFromUtf8(name, out var rune, out var length);
            if (status == OperationStatus.Done && rune.IsAscii && IsPlain((byte)rune.Value, isLabel, isFirst))
                AppendPlain(output, (byte)rune.Value, scheme);
            else
                AppendOther(output, rune, scheme);
            name = name[length..];
            isFirst = false;
        }
    }

    private static bool IsPlain(byte value, bool isLabel, bool isFirst)
    {
        if (isLabel)
            return isFirst ? Characters.IsLabelStart(value) : Characters.IsLabelPart(value);
        return isFirst ? Characters.IsMetricStart(value) : Characters.IsMetricPart(value);
    }

    private static void AppendPlain(ByteBuilder output, byte value, NameEscaping scheme)
    {
        output.Append(value);
        if (value == '_' && scheme is NameEscaping.Dots or NameEscaping.Values)
            output.Append(value);
    }

    private static void AppendOther(ByteBuilder output, Rune rune, NameEscaping scheme)
    {
        if (scheme == NameEscaping.Underscores)
        {
            output.Append((byte)'_');
        }
        else if (scheme == NameEscaping.Dots)
        {
            output.Append(rune.Value == '.' ? "_dot_"u8 : "__"u8);
        }
        else
        {
            Span<byte> digits = stackalloc byte[8];
            rune.Value.TryFormat(digits, out var length, "x", CultureInfo.InvariantCulture);
            output.Append((byte)'_');
            output.Append(digits[..length]);
            output.Append((byte)'_');
        }
    }
}
