using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Reading;

/// <summary>
/// Reads one sample line with all leniencies. This is the complete grammar; <see cref="FastSampleParser"/> accepts only its canonical form. It
/// makes one pass and reads no byte more than twice.
/// </summary>
internal static class SampleParser
{
    /// <summary>Reads a line.</summary>
    /// <param name="line">The line, without line end and without blanks at both ends; not empty.</param>
    /// <param name="isOpenMetrics">Whether timestamps are seconds with a fraction, as in OpenMetrics.</param>
    /// <param name="limits">The limits of labels.</param>
    /// <param name="sample">Receives the result.</param>
    /// <returns>The error of the line; null if there is none.</returns>
    public static ExpositionErrorReason? Parse(ReadOnlySpan<byte> line, bool isOpenMetrics, ExpositionLimits limits, SampleLine sample)
    {
        sample.Clear();
        var position = 0;
        if (line[0] != '{')
        {
            if (!Characters.IsMetricStart(line[0]))
                return ExpositionErrorReason.InvalidName;
            while (position < line.Length && Characters.IsMetricPart(line[position]))
                position++;
            sample.NameEnd = position;
            if (position < line.Length && line[position] != '{' && !Characters.IsBlank(line[position]))
                return ExpositionErrorReason.InvalidName;
            SkipBlanks(line, ref position);
        }

        if (position < line.Length && line[position] == '{')
        {
            var labelError = LabelParser.Parse(line, ref position, limits, sample);
            if (labelError is not null)
                return labelError;
        }

        return sample.NameEnd > sample.NameStart
            ? ParseTail(line, position, isOpenMetrics, limits, sample)
            : ExpositionErrorReason.InvalidName;
    }

    /// <summary>Reads value, timestamp and exemplar. An invalid exemplar does not make the sample invalid.</summary>
    private static ExpositionErrorReason? ParseTail(
        ReadOnlySpan<byte> line, int position, bool isOpenMetrics, ExpositionLimits limits, SampleLine sample)
    {
        SkipBlanks(line, ref position);
        sample.ValueStart = position;
        SkipToken(line, ref position);
        sample.ValueEnd = sample.TimestampStart = sample.TimestampEnd = position;
        sample.ValueForm = NumberGrammar.Classify(line[sample.ValueStart..position]);
        if (sample.ValueForm == NumberForm.Invalid)
            return ExpositionErrorReason.InvalidValue;
        if (sample.ValueForm == NumberForm.SignedNotANumber)
            sample.Leniencies |= Leniency.SignedNotANumber;
        SkipBlanks(line, ref position);
        if (position < line.Length && line[position] != '#')
        {
            sample.TimestampStart = position;
            SkipToken(line, ref position);
            sample.TimestampEnd = position;
            if (!IsTimestamp(line[sample.TimestampStart..position], isOpenMetrics))
                return ExpositionErrorReason.InvalidTimestamp;
            SkipBlanks(line, ref position);
        }

        if (position < line.Length)
        {
            if (line[position] != '#')
                return ExpositionErrorReason.InvalidTimestamp;
            if (!ExemplarParser.TryParse(line, position, limits, sample))
                sample.Leniencies |= Leniency.InvalidExemplar;
            else if (!isOpenMetrics)
                sample.Leniencies |= Leniency.ExemplarInText;
        }

        return sample.ValueForm == NumberForm.OutOfRange ? ExpositionErrorReason.ValueOutOfRange : null;
    }

    /// <summary>Whether the bytes are a timestamp: whole milliseconds in text, seconds in OpenMetrics.</summary>
    public static bool IsTimestamp(ReadOnlySpan<byte> token, bool isOpenMetrics)
    {
        if (isOpenMetrics)
            return NumberGrammar.Classify(token) == NumberForm.Canonical && (token[^1] | 0x20) is not ('n' or 'f');
        // The parser of the base library checks the range of 64 bits, but it also accepts a plus sign, which the format does not allow.
        return token[0] != '+' && System.Buffers.Text.Utf8Parser.TryParse(token, out long _, out var used) && used == token.Length;
    }

    public static void SkipBlanks(ReadOnlySpan<byte> line, ref int position)
    {
        while ((uint)position < (uint)line.Length && Characters.IsBlank(line[position]))
            position++;
    }

    public static void SkipToken(ReadOnlySpan<byte> line, ref int position)
    {
        while ((uint)position < (uint)line.Length && !Characters.IsBlank(line[position]))
            position++;
    }
}
