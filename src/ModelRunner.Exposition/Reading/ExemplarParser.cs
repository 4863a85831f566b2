namespace ModelRunner.Exposition.Reading;

/// <summary>Reads an exemplar: a number sign, labels in braces, a value and optionally a timestamp in seconds.</summary>
internal static class ExemplarParser
{
    /// <summary>Reads from the number sign to the end of the line.</summary>
    public static bool TryParse(ReadOnlySpan<byte> line, int position, ExpositionLimits limits, SampleLine sample)
    {
        position++;
        SampleParser.SkipBlanks(line, ref position);
        if (position == line.Length || line[position] != '{')
            return false;
        if (!LabelParser.TryParseExemplar(line, ref position, limits, sample))
            return false;
        SampleParser.SkipBlanks(line, ref position);
        sample.ExemplarValueStart = position;
        SampleParser.SkipToken(line, ref position);
        sample.ExemplarValueEnd = sample.ExemplarTimestampStart = sample.ExemplarTimestampEnd = position;
        sample.ExemplarValueForm = NumberGrammar.Classify(line[sample.ExemplarValueStart..position]);
        if (sample.ExemplarValueForm is NumberForm.Invalid or NumberForm.OutOfRange)
            return false;
        SampleParser.SkipBlanks(line, ref position);
        if (position < line.Length)
        {
            sample.ExemplarTimestampStart = position;
            SampleParser.SkipToken(line, ref position);
            sample.ExemplarTimestampEnd = position;
            if (!SampleParser.IsTimestamp(line[sample.ExemplarTimestampStart..position], isOpenMetrics: true))
                return false;
            SampleParser.SkipBlanks(line, ref position);
        }

        sample.HasExemplar = position == line.Length && (sample.Leniencies & Leniency.UnusableExemplar) == Leniency.None;
        return position == line.Length;
    }
}
