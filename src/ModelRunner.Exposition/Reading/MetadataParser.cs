using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Reading;

/// <summary>Reads lines that begin with a number sign: HELP, TYPE, UNIT, the end marker of OpenMetrics, and comments.</summary>
internal static class MetadataParser
{
    /// <summary>Reads a line.</summary>
    /// <param name="line">The line, without line end and without blanks at both ends. It begins with a number sign.</param>
    /// <param name="isOpenMetrics">Whether <c># EOF</c> is the end marker; in text it is a comment.</param>
    /// <param name="takesUnits">Whether UNIT is read; in text it is a comment, but may be read.</param>
    public static MetadataLine Parse(ReadOnlySpan<byte> line, bool isOpenMetrics, bool takesUnits)
    {
        var kind = KindOf(line, out var position);
        if (kind == LineKind.Eof && (!isOpenMetrics || position < line.Length))
            kind = LineKind.Comment;
        if (kind == LineKind.Unit && !takesUnits)
            kind = LineKind.Comment;
        // A keyword without text after it is a comment, as for Prometheus and expfmt.
        if (position == line.Length && kind is LineKind.Help or LineKind.Type or LineKind.Unit)
            kind = LineKind.Comment;
        var metadata = new MetadataLine { Kind = kind };
        if (kind is LineKind.Comment or LineKind.Eof)
            return metadata;
        SampleParser.SkipBlanks(line, ref position);
        if (!TryParseName(line, ref position, ref metadata))
        {
            metadata.IsInvalid = true;
            metadata.Kind = kind == LineKind.Unit && !isOpenMetrics ? LineKind.Comment : kind;
            return metadata;
        }

        SampleParser.SkipBlanks(line, ref position);
        metadata.TextStart = position;
        metadata.TextEnd = line.Length;
        if (kind == LineKind.Type)
            ParseType(line[position..], isOpenMetrics, ref metadata);
        return metadata;
    }

    private static LineKind KindOf(ReadOnlySpan<byte> line, out int position)
    {
        // The most common form.
        position = "# HELP".Length;
        if (line.StartsWith("# HELP "u8))
            return LineKind.Help;
        if (line.StartsWith("# TYPE "u8))
            return LineKind.Type;
        position = 1;
        SampleParser.SkipBlanks(line, ref position);
        var start = position;
        SampleParser.SkipToken(line, ref position);
        var keyword = line[start..position];
        if (keyword.SequenceEqual("HELP"u8))
            return LineKind.Help;
        if (keyword.SequenceEqual("TYPE"u8))
            return LineKind.Type;
        if (keyword.SequenceEqual("UNIT"u8))
            return LineKind.Unit;
        return keyword.SequenceEqual("EOF"u8) ? LineKind.Eof : LineKind.Comment;
    }

    private static bool TryParseName(ReadOnlySpan<byte> line, ref int position, ref MetadataLine metadata)
    {
        if (line[position] == '"')
        {
            metadata.IsNameQuoted = true;
            if (!LabelParser.TryParseString(line, ref position, out metadata.NameStart, out metadata.NameEnd))
                return false;
            return Escapes.IsQuotedName(line[metadata.NameStart..metadata.NameEnd])
                && (position == line.Length || Characters.IsBlank(line[position]));
        }

        metadata.NameStart = position;
        position += Characters.MetricNameLength(line[position..]);
        metadata.NameEnd = position;
        return position > metadata.NameStart && (position == line.Length || Characters.IsBlank(line[position]));
    }

    private static void ParseType(ReadOnlySpan<byte> word, bool isOpenMetrics, ref MetadataLine metadata)
    {
        metadata.IsInvalid = !MetricTypes.TryParse(word, out metadata.Type);
        // Text has only "untyped" and OpenMetrics only "unknown". Both words have the same length.
        var isOfText = metadata.Type is MetricType.Counter or MetricType.Gauge or MetricType.Histogram or MetricType.Summary
            || (metadata.Type == MetricType.Untyped && word.Length > 2 && (word[2] | 0x20) == 't');
        if (!isOpenMetrics && !isOfText)
            metadata.Leniencies |= Leniency.OpenMetricsTypeInText;
    }
}
