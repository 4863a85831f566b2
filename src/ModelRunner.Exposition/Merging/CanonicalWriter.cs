using ModelRunner.Exposition.Reading;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Merging;

/// <summary>
/// Writes a parsed sample as canonical text: <c>name{a="b",c="d"} value</c>. Labels with empty values are left out, unnecessary quotes of names
/// are removed, and labels that clash with target labels are renamed.
/// </summary>
internal sealed class CanonicalWriter
{
    private readonly LabelSet _labels = new();

    /// <summary>Appends the sample to the arena of its source.</summary>
    public SampleRecord Append(SourceState source, ReadOnlySpan<byte> line, SampleLine sample)
    {
        var arena = source.Arena;
        _labels.Fill(line, sample.Labels.Slots, source.Labels);
        var record = new SampleRecord { Start = arena.Length, Flags = SampleFlags.InArena };
        var name = line[sample.NameStart..sample.NameEnd];
        var isQuoted = sample.IsNameQuoted && !Characters.IsMetricName(name);
        if (isQuoted)
            arena.Append("{\""u8);
        arena.Append(name);
        if (isQuoted)
            arena.Append((byte)'"');
        record.NameLength = arena.Length - record.Start;
        if (isQuoted)
            record.Flags |= SampleFlags.HasQuotedName;
        AppendLabels(arena, line, isQuoted, ref record);
        arena.Append((byte)' ');
        record.Flags |= AppendValue(arena, line[sample.ValueStart..sample.ValueEnd], sample.ValueForm);
        record.End = arena.Length;
        if (sample.HasExemplar)
            AppendExemplar(arena, line, sample, ref record);
        return record;
    }

    private void AppendLabels(ByteBuilder arena, ReadOnlySpan<byte> line, bool isOpen, ref SampleRecord record)
    {
        foreach (ref readonly var label in _labels.Items)
        {
            arena.Append(isOpen ? (byte)',' : (byte)'{');
            isOpen = true;
            var start = arena.Length;
            var name = line[label.NameStart..label.NameEnd];
            for (var i = 0; i < label.Prefixes; i++)
                arena.Append(LabelNames.ExportedPrefix);
            if (Characters.IsLabelName(name))
            {
                arena.Append(name);
            }
            else
            {
                record.Flags |= SampleFlags.HasQuotedName;
                arena.Append((byte)'"');
                arena.Append(name);
                arena.Append((byte)'"');
            }

            arena.Append("=\""u8);
            var value = line[label.ValueStart..label.ValueEnd];
            AppendLabelValue(arena, value);
            record.Hash += SeriesHash.Of(arena.Written[start..]);
            arena.Append((byte)'"');
            if (LabelNames.IsBound(name))
                record.Flags |= BoundGrammar.Classify(value);
        }

        if (isOpen)
            arena.Append((byte)'}');
    }

    /// <summary>Appends a label value. Unknown escapes are kept as they are.</summary>
    private static void AppendLabelValue(ByteBuilder arena, ReadOnlySpan<byte> value)
    {
        while (true)
        {
            var at = value.IndexOf((byte)'\\');
            if (at < 0)
                break;
            var isKnown = value[at + 1] is (byte)'\\' or (byte)'"' or (byte)'n';
            arena.Append(value[..at]);
            arena.Append(isKnown ? value.Slice(at, 2) : "\\\\"u8);
            value = value[(at + (isKnown ? 2 : 1))..];
        }

        arena.Append(value);
    }

    private static SampleFlags AppendValue(ByteBuilder arena, ReadOnlySpan<byte> value, NumberForm form)
    {
        var canonical = form switch
        {
            NumberForm.NotANumber or NumberForm.SignedNotANumber => "NaN"u8,
            NumberForm.PositiveInfinity => "+Inf"u8,
            NumberForm.NegativeInfinity => "-Inf"u8,
            _ => value,
        };
        arena.Append(canonical);
        return ValueFlags.Of(canonical);
    }

    // The exemplar follows the canonical sample and ends with a line feed.
    private static void AppendExemplar(ByteBuilder arena, ReadOnlySpan<byte> line, SampleLine sample, ref SampleRecord record)
    {
        record.Flags |= SampleFlags.HasExemplar;
        arena.Append(" # {"u8);
        var isFirst = true;
        foreach (ref readonly var label in sample.ExemplarLabels.Slots)
        {
            if (!isFirst)
                arena.Append((byte)',');
            isFirst = false;
            var name = line[label.NameStart..label.NameEnd];
            var isQuoted = !Characters.IsLabelName(name);
            if (isQuoted)
                arena.Append((byte)'"');
            arena.Append(name);
            arena.Append(isQuoted ? "\"=\""u8 : "=\""u8);
            AppendLabelValue(arena, line[label.ValueStart..label.ValueEnd]);
            arena.Append((byte)'"');
        }

        arena.Append("} "u8);
        AppendValue(arena, line[sample.ExemplarValueStart..sample.ExemplarValueEnd], sample.ExemplarValueForm);
        if (sample.ExemplarTimestampEnd > sample.ExemplarTimestampStart)
        {
            arena.Append((byte)' ');
            arena.Append(line[sample.ExemplarTimestampStart..sample.ExemplarTimestampEnd]);
        }

        arena.Append((byte)'\n');
    }
}
