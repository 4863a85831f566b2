using ModelRunner.Exposition.Merging;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Reading;

/// <summary>
/// Reads a sample line that is canonical text already: <c>name{a="b",c="d"} 1.5</c>, perhaps with a timestamp. Nothing is written again
/// then: the line itself goes on the page. Whatever is not so plain, in any way, is left to <see cref="SampleParser"/>, which also knows
/// the reasons of errors; so this parser only ever says yes or no.
/// </summary>
/// <remarks>
/// Neighbours resemble each other: the name and the names of the labels are compared with those of the line before, and only where they
/// differ they are checked.
/// </remarks>
internal sealed class FastSampleParser(MaskWindow window, ExpositionLimits limits)
{
    private readonly LabelSchema _schema = new();
    private TargetLabels _target = TargetLabels.None;

    /// <summary>Forgets the source before.</summary>
    public void Begin(TargetLabels target)
    {
        _target = target;
        _schema.Clear();
    }

    /// <summary>Reads a line.</summary>
    /// <param name="body">The body.</param>
    /// <param name="start">Where the line begins; the window holds it.</param>
    /// <param name="end">Where it ends, without line end and blanks.</param>
    /// <param name="nameLength">How long the name of the line before was, if this line begins with the same name and a brace or blank; or
    /// 0.</param>
    /// <param name="isOpenMetrics">Whether a timestamp is one of seconds.</param>
    /// <param name="record">Takes what was found.</param>
    public bool TryParse(ReadOnlySpan<byte> body, int start, int end, int nameLength, bool isOpenMetrics, out SampleRecord record)
    {
        record = new SampleRecord { Start = start };
        var line = body[..end];
        var position = start + nameLength;
        if (nameLength == 0)
        {
            if (!Characters.IsMetricStart(line[position]))
                return false;
            while (position < line.Length && Characters.IsMetricPart(line[position]))
                position++;
        }

        record.NameLength = position - start;
        if (position < line.Length && line[position] == '{' && !TryParseLabels(line, ref position, ref record))
            return false;
        if (position >= line.Length || line[position] != ' ')
            return false;
        position++;
        var valueEnd = FastNumber.FindEnd(line, position);
        if (valueEnd < 0)
            return false;
        record.End = valueEnd;
        record.Flags |= ValueFlags.Of(line[position..valueEnd]);
        if (valueEnd == line.Length)
            return true;
        return line[valueEnd] == ' ' && valueEnd + 1 < line.Length && SampleParser.IsTimestamp(line[(valueEnd + 1)..], isOpenMetrics);
    }

    private bool TryParseLabels(ReadOnlySpan<byte> line, ref int position, ref SampleRecord record)
    {
        position++;
        var mayHaveBackslash = window.MayHaveBackslash;
        for (var number = 0; number < limits.MaxLabels; number++)
        {
            var start = position;
            if (!_schema.TryMatch(line, number, ref position) && !_schema.TryAdd(line, number, ref position, _target))
                return false;
            var end = window.FindQuote(position, line.Length);
            if (mayHaveBackslash && !TrySkipEscapes(line, position, ref end))
                return false;
            // An empty value, one that is too long, or a line that ends here.
            if (end == position || end - position > limits.MaxLabelValueBytes || end + 1 >= line.Length)
                return false;
            record.Hash += SeriesHash.Of(line[start..end]);
            if (_schema.IsBound(number))
                record.Flags |= BoundGrammar.Classify(line[position..end]);
            position = end + 2;
            if (line[end + 1] == '}')
                return true;
            if (line[end + 1] != ',')
                return false;
        }

        return false;
    }

    /// <summary>Moves the end of a value over quotes that are escaped. False where an escape is not one that all readers know.</summary>
    private bool TrySkipEscapes(ReadOnlySpan<byte> line, int start, ref int end)
    {
        while (end < line.Length)
        {
            var backslashes = 0;
            while (end - backslashes > start && line[end - backslashes - 1] == '\\')
                backslashes++;
            if ((backslashes & 1) == 0)
                return Escapes.AreKnown(line[start..end]);
            end = window.FindQuote(end + 1, line.Length);
        }

        return false;
    }
}
