using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Reading;

/// <summary>Reads the part of a line in braces: labels and, where the metric name needs quotes, the name.</summary>
internal static class LabelParser
{
    /// <summary>Reads from the opening brace and stops after the closing one.</summary>
    public static ExpositionErrorReason? Parse(ReadOnlySpan<byte> line, ref int position, ExpositionLimits limits, SampleLine sample)
    {
        position++;
        while (true)
        {
            SampleParser.SkipBlanks(line, ref position);
            if (position == line.Length)
                return ExpositionErrorReason.InvalidLabels;
            if (line[position] == '}')
            {
                position++;
                return null;
            }

            var error = ParseItem(line, ref position, limits, sample);
            if (error is not null)
                return error;
            SampleParser.SkipBlanks(line, ref position);
            if (position == line.Length)
                return ExpositionErrorReason.InvalidLabels;
            if (line[position] == ',')
                position++;
            else if (line[position] != '}')
                sample.Leniencies |= Leniency.MissingComma;
        }
    }

    /// <summary>
    /// Reads the labels of an exemplar, which cannot contain a metric name. If labels are well formed but not allowed for an exemplar, only the
    /// exemplar is dropped and not the sample, because Prometheus accepts such a line.
    /// </summary>
    public static bool TryParseExemplar(ReadOnlySpan<byte> line, ref int position, ExpositionLimits limits, SampleLine sample)
    {
        position++;
        while (true)
        {
            SampleParser.SkipBlanks(line, ref position);
            if (position == line.Length)
                return false;
            if (line[position] == '}')
            {
                position++;
                return true;
            }

            if (!TryParseName(line, ref position, out var slot))
                return false;
            var error = ParseLabel(line, ref position, slot, limits, sample.ExemplarLabels);
            if (error == ExpositionErrorReason.InvalidLabels)
                return false;
            if (error is not null)
                sample.Leniencies |= Leniency.UnusableExemplar;
            SampleParser.SkipBlanks(line, ref position);
            if (position < line.Length && line[position] == ',')
                position++;
            else if (position == line.Length || line[position] != '}')
                return false;
        }
    }

    /// <summary>Reads a string from its opening quote and stops after the closing one.</summary>
    /// <returns>False if there is no closing quote.</returns>
    public static bool TryParseString(ReadOnlySpan<byte> line, ref int position, out int start, out int end)
    {
        start = end = ++position;
        while (true)
        {
            var found = line[position..].IndexOfAny((byte)'"', (byte)'\\');
            if (found < 0)
                return false;
            position += found;
            if (line[position] == '"')
            {
                end = position++;
                return true;
            }

            position += 2;
            if (position > line.Length)
                return false;
        }
    }

    private static ExpositionErrorReason? ParseItem(ReadOnlySpan<byte> line, ref int position, ExpositionLimits limits, SampleLine sample)
    {
        if (!TryParseName(line, ref position, out var slot))
            return ExpositionErrorReason.InvalidLabels;
        SampleParser.SkipBlanks(line, ref position);
        if (slot.IsNameQuoted && (position == line.Length || line[position] != '='))
        {
            if (sample.NameEnd > sample.NameStart)
                return ExpositionErrorReason.InvalidName;
            sample.NameStart = slot.NameStart;
            sample.NameEnd = slot.NameEnd;
            sample.IsNameQuoted = true;
            // Only a comma or the closing brace may follow a name. Two labels without a comma are handled elsewhere.
            return position < line.Length && line[position] is (byte)',' or (byte)'}' ? null : ExpositionErrorReason.InvalidLabels;
        }

        return ParseLabel(line, ref position, slot, limits, sample.Labels);
    }

    private static bool TryParseName(ReadOnlySpan<byte> line, ref int position, out LabelSlot slot)
    {
        slot = default;
        if (line[position] == '"')
        {
            slot.IsNameQuoted = true;
            return TryParseString(line, ref position, out slot.NameStart, out slot.NameEnd)
                && Escapes.IsQuotedName(line[slot.NameStart..slot.NameEnd]);
        }

        slot.NameStart = position;
        if (!Characters.IsLabelStart(line[position]))
            return false;
        while (position < line.Length && Characters.IsLabelPart(line[position]))
            position++;
        slot.NameEnd = position;
        return true;
    }

    private static ExpositionErrorReason? ParseLabel(
        ReadOnlySpan<byte> line, ref int position, LabelSlot slot, ExpositionLimits limits, LabelList labels)
    {
        SampleParser.SkipBlanks(line, ref position);
        if (position == line.Length || line[position] != '=')
            return ExpositionErrorReason.InvalidLabels;
        position++;
        SampleParser.SkipBlanks(line, ref position);
        if (position == line.Length || line[position] != '"')
            return ExpositionErrorReason.InvalidLabels;
        if (!TryParseString(line, ref position, out slot.ValueStart, out slot.ValueEnd))
            return ExpositionErrorReason.InvalidLabels;
        if (LabelNames.IsMetricName(line[slot.NameStart..slot.NameEnd]))
            return ExpositionErrorReason.ReservedLabel;
        if (labels.Count == limits.MaxLabels)
            return ExpositionErrorReason.TooManyLabels;
        var value = line[slot.ValueStart..slot.ValueEnd];
        if (value.Length > limits.MaxLabelValueBytes && DecodedLength(value) > limits.MaxLabelValueBytes)
            return ExpositionErrorReason.LabelValueTooLong;
        labels.Add() = slot;
        return labels.IsLastDuplicate(line) ? ExpositionErrorReason.DuplicateLabel : null;
    }

    private static int DecodedLength(ReadOnlySpan<byte> value)
    {
        var length = value.Length;
        for (var position = 0; position < value.Length - 1; position++)
        {
            if (value[position] != '\\')
                continue;
            position++;
            if (value[position] is (byte)'\\' or (byte)'"' or (byte)'n')
                length--;
        }

        return length;
    }
}
