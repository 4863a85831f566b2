using System.Runtime.CompilerServices;
using ModelRunner.Exposition.Merging;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Reading;

/// <summary>
/// Reads a sample line that is already canonical text: <c>name{a="b",c="d"} 1.5</c>, optionally with a timestamp. Such a line is not rewritten;
/// its bytes are copied to the page. Every other line is left to <see cref="SampleParser"/>, which also determines the reasons of errors, so
/// this parser only returns success or failure.
/// </summary>
/// <remarks>
/// Consecutive lines are similar: name and labels are compared with those of the previous line, and only the differences are parsed. Methods
/// return their results instead of using out parameters, because a local whose address is taken is kept in memory.
/// </remarks>
internal sealed class FastSampleParser(MaskWindow window, ExpositionLimits limits)
{
    private const int None = -1;

    private readonly LabelMemory _labels = new();
    private TargetLabels _target = TargetLabels.None;

    /// <summary>Forgets the previous source.</summary>
    public void Begin(TargetLabels target)
    {
        _target = target;
        _labels.Forget(0);
    }

    /// <summary>Reads a line.</summary>
    /// <param name="body">The body.</param>
    /// <param name="start">The start of the line, which the window contains.</param>
    /// <param name="end">The end of the line, without line end and blanks.</param>
    /// <param name="nameLength">The length of the name, if it is known to be valid and to end with a brace or blank; else 0.</param>
    /// <param name="isOpenMetrics">Whether timestamps are in seconds.</param>
    /// <param name="record">Receives the result; all fields are set if the line is canonical.</param>
    public bool TryParse(ReadOnlySpan<byte> body, int start, int end, int nameLength, bool isOpenMetrics, ref SampleRecord record)
    {
        var line = body[..end];
        if (nameLength == 0)
            nameLength = Characters.MetricNameLength(line[start..]);
        if (nameLength == 0)
            return false;
        var position = start + nameLength;
        record.Hash = 0;
        record.Start = start;
        record.NameLength = nameLength;
        record.Flags = SampleFlags.None;
        if (position < line.Length && line[position] == '{')
            position = ParseLabels(body, end, position + 1, ref record);
        if ((uint)position >= (uint)line.Length || line[position] != ' ')
            return false;
        position++;
        var valueEnd = FastNumber.FindEnd(body, position, end);
        if (valueEnd < 0)
            return false;
        record.End = valueEnd;
        record.Flags |= ValueFlags.Of(line[position..valueEnd]);
        if (valueEnd == line.Length)
            return true;
        return line[valueEnd] == ' ' && valueEnd + 1 < line.Length && SampleParser.IsTimestamp(line[(valueEnd + 1)..], isOpenMetrics);
    }

    /// <summary>Reads labels after the opening brace. Returns the position after the closing one, or -1 if they are not canonical.</summary>
    private int ParseLabels(ReadOnlySpan<byte> body, int lineEnd, int position, ref SampleRecord record)
    {
        var hash = 0UL;
        var flags = SampleFlags.None;
        for (var number = 0; number < limits.MaxLabels; number++)
        {
            ref var label = ref _labels[number];
            var equal = BodyComparer.CountEqual(body, label.Start, position, label.Length);
            if (equal < label.NameLength)
            {
                if (!_labels.TryPutName(body[..lineEnd], number, position, _target))
                    return None;
                label = ref _labels[number];
            }

            if (equal < label.Length && !TryReadValue(body, lineEnd, position, ref label))
            {
                _labels.Forget(number);
                return None;
            }

            hash += label.Hash;
            flags |= label.Flags;
            position += label.Length;
            if (body[position - 1] != '}')
                continue;
            record.Hash = hash;
            record.Flags = flags;
            return position;
        }

        return None;
    }

    /// <summary>Reads the value of a label whose name is known.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryReadValue(ReadOnlySpan<byte> body, int lineEnd, int start, ref LabelEntry label)
    {
        var value = start + label.NameLength;
        var end = window.FindQuote(value, lineEnd);
        if (window.MayHaveBackslash)
            end = SkipEscapes(body[..lineEnd], value, end);
        // An empty value, one that is too long, one with unknown escapes, or the end of the line.
        if (end <= value || end - value > limits.MaxLabelValueBytes || end + 1 >= lineEnd)
            return false;
        if (body[end + 1] is not ((byte)'}' or (byte)','))
            return false;
        label.Start = start;
        label.Length = end + 2 - start;
        label.Hash = SeriesHash.Of(body[start..end]);
        if (label.IsBound)
            label.Flags = BoundGrammar.Classify(body, value, end);
        return true;
    }

    /// <summary>The end of a value with escaped quotes, or -1 if an escape is not known to all readers.</summary>
    private int SkipEscapes(ReadOnlySpan<byte> line, int start, int end)
    {
        while (end < line.Length)
        {
            var backslashes = 0;
            while (end - backslashes > start && line[end - backslashes - 1] == '\\')
                backslashes++;
            if ((backslashes & 1) == 0)
                return Escapes.AreKnown(line[start..end]) ? end : None;
            end = window.FindQuote(end + 1, line.Length);
        }

        return None;
    }
}
