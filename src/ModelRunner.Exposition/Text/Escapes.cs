using System.Buffers;

namespace ModelRunner.Exposition.Text;

/// <summary>
/// The backslash escapes of the formats. As in Prometheus, an unknown escape is kept: its backslash is written as an escaped backslash.
/// </summary>
internal static class Escapes
{
    private static readonly SearchValues<byte> LabelSpecials = SearchValues.Create("\\\"\n"u8);
    private static readonly SearchValues<byte> HelpSpecials = SearchValues.Create("\\\n"u8);

    /// <summary>
    /// Appends a label value with backslash, quote and line feed escaped. Also used for quoted names and for HELP of OpenMetrics.
    /// </summary>
    public static void AppendLabelValue(IBufferWriter<byte> output, ReadOnlySpan<byte> value) => Append(output, value, LabelSpecials);

    /// <summary>Appends a HELP text of text 0.0.4: a quote needs no escape there.</summary>
    public static void AppendHelp(IBufferWriter<byte> output, ReadOnlySpan<byte> value) => Append(output, value, HelpSpecials);

    /// <summary>Decodes the escapes. The destination must be at least as long as the source.</summary>
    /// <param name="source">The bytes between the quotes, or a HELP text.</param>
    /// <param name="destination">Receives the decoded bytes, which are never more than the source.</param>
    /// <param name="quotes">Whether <c>\"</c> is an escape too; it is not one in a HELP text of text 0.0.4.</param>
    /// <returns>The number of bytes that were written.</returns>
    public static int Decode(ReadOnlySpan<byte> source, Span<byte> destination, bool quotes)
    {
        var written = 0;
        while (true)
        {
            var at = source.IndexOf((byte)'\\');
            var plain = at < 0 || at + 1 == source.Length ? source : source[..at];
            plain.CopyTo(destination[written..]);
            written += plain.Length;
            if (plain.Length == source.Length)
                return written;
            var code = source[at + 1];
            source = source[(at + 2)..];
            if (code == 'n')
            {
                destination[written++] = (byte)'\n';
            }
            else if (code == '\\' || (code == '"' && quotes))
            {
                destination[written++] = code;
            }
            else
            {
                destination[written++] = (byte)'\\';
                destination[written++] = code;
            }
        }
    }

    /// <summary>Whether every backslash begins one of the three escapes that all readers know.</summary>
    public static bool AreKnown(ReadOnlySpan<byte> source)
    {
        while (true)
        {
            var at = source.IndexOf((byte)'\\');
            if (at < 0)
                return true;
            if (at + 1 == source.Length || source[at + 1] is not ((byte)'\\' or (byte)'"' or (byte)'n'))
                return false;
            source = source[(at + 2)..];
        }
    }

    /// <summary>
    /// Whether the bytes between two quotes are a valid name: not empty, with known escapes only, and without NUL, which ends a name in the
    /// lexer of Prometheus 3.
    /// </summary>
    public static bool IsQuotedName(ReadOnlySpan<byte> source) => !source.IsEmpty && !source.Contains((byte)0) && AreKnown(source);

    private static void Append(IBufferWriter<byte> output, ReadOnlySpan<byte> value, SearchValues<byte> specials)
    {
        while (true)
        {
            var at = value.IndexOfAny(specials);
            if (at < 0)
            {
                output.Write(value);
                return;
            }

            output.Write(value[..at]);
            output.Write(value[at] switch { (byte)'\n' => "\\n"u8, (byte)'"' => "\\\""u8, _ => "\\\\"u8 });
            value = value[(at + 1)..];
        }
    }
}
