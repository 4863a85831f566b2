using ModelRunner.Exposition.Merging;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Writing;

/// <summary>
/// Writes a merged page in OpenMetrics 1.0.0. Families that violate the rules of their type are written as unknown; a creation time is written
/// with its family.
/// </summary>
internal sealed class OpenMetricsPageWriter
{
    // Samples with these flags may be changed when they are written.
    private const SampleFlags ChangedFlags = SampleFlags.HasExemplar | SampleFlags.HasPlainBound;

    private readonly OpenMetricsNames _names = new();
    private readonly FamilySamples _samples = new();
    private readonly ByteBuilder _scratch = new();
    private readonly List<int> _parts = [];
    private int _collected;
    private bool _areAllMetricsKnown;
    private bool _isInOrder;

    /// <summary>Begins a page. Call <see cref="WriteEnd"/> after the last family.</summary>
    public void Begin(PageIndex index, FamilyList families)
    {
        _names.Resolve(index, families);
        _parts.Clear();
        _collected = -1;
    }

    /// <summary>Writes one family. Before it, writes the parts of earlier families whose names sort before it.</summary>
    public void WriteFamily(PageIndex index, FamilyList families, int number, ref PageOutput output)
    {
        WritePartsBefore(index, families, index.Names.Name(families.Families[number].Name), ref output);
        WriteWhole(index, families, number, ref output);
    }

    /// <summary>Ends the page.</summary>
    public void WriteEnd(PageIndex index, FamilyList families, ref PageOutput output)
    {
        WritePartsBefore(index, families, default, ref output);
        output.Write("# EOF\n"u8);
        _names.Clear();
        _samples.Clear();
    }

    private void WriteWhole(PageIndex index, FamilyList families, int number, ref PageOutput output)
    {
        var family = families.Families[number];
        ref readonly var shape = ref _names[number];
        if (shape.Owner >= 0 && IsValid(index, families, shape.Owner) && _names[shape.Owner].Owns(number))
            return;
        if (!IsValid(index, families, number))
        {
            HoldParts(index, family);
            return;
        }

        WriteHead(index, HeadOf(index, family, shape.Type), shape.Type, shape.NameLength, ref output);
        var isCollected = IsGrouped(shape.Type) || shape.Created >= 0;
        if (isCollected)
            Collect(index, families, number);
        if (!isCollected || IsCopied(index, families, number))
        {
            foreach (var span in families.SpansOf(number))
                WriteSpan(index, index.Span(span), shape.Type, ref output);
            return;
        }

        foreach (ref readonly var item in _samples.Items)
            WriteSample(index.Source(item.Source), index.Sample(item.Sample), shape.Type, item.Part, item.Bound, ref output);
    }

    /// <summary>Whether the samples follow the rules of the type. Types without rules, such as gauge, always do.</summary>
    private bool IsValid(PageIndex index, FamilyList families, int number)
    {
        ref var shape = ref _names[number];
        if (shape.IsValid is { } known)
            return known;
        var family = families.Families[number];
        if (shape.Type is MetricType.Untyped or MetricType.Gauge)
        {
            // Without its type a histogram or summary is written part by part.
            shape.IsValid = family.Type is not (MetricType.Histogram or MetricType.Summary);
        }
        else if (shape.Type == MetricType.Counter && shape.Created < 0 && HasPlainValues(index, family))
        {
            shape.IsValid = true;
        }
        else
        {
            shape.IsValid = Collect(index, families, number) && OpenMetricsRules.AreKept(index, shape.Type, _samples);
        }

        if (shape.IsValid == false && family.Type is not (MetricType.Histogram or MetricType.Summary))
        {
            var type = shape.Type == MetricType.GaugeHistogram ? MetricType.Gauge : MetricType.Untyped;
            shape.Reset(type, index.Names.Name(family.Name).Length);
            return true;
        }

        return shape.IsValid.Value;
    }

    /// <summary>
    /// Whether the samples of a collected family are written in the order and with the bytes that they have in the index. This is common: client
    /// libraries write the samples of a metric together, and most of them write bounds in the form of OpenMetrics.
    /// </summary>
    private bool IsCopied(PageIndex index, FamilyList families, int number)
    {
        ref readonly var shape = ref _names[number];
        if (!_isInOrder || shape.Created >= 0 || shape.Count >= 0 || shape.Sum >= 0)
            return false;
        foreach (var span in families.SpansOf(number))
        {
            if ((index.Names[index.Span(span).Name].Flags & ChangedFlags) != SampleFlags.None)
                return false;
        }

        return true;
    }

    private static bool HasPlainValues(PageIndex index, in Family family) =>
        (index.Names[family.Name].Flags & (SampleFlags.IsNegative | SampleFlags.IsNotFinite)) == SampleFlags.None;

    private static bool IsGrouped(MetricType type) => type is MetricType.Histogram or MetricType.Summary or MetricType.StateSet or MetricType.GaugeHistogram;

    // On other samples and in other families, these labels have no special meaning.
    private static ReadOnlySpan<byte> BoundOf(MetricType type, FamilyPart part) => (type, part) switch
    {
        (MetricType.Histogram or MetricType.GaugeHistogram, FamilyPart.Bucket) => LabelNames.Bucket,
        (MetricType.Summary, FamilyPart.Value) => LabelNames.Quantile,
        _ => default,
    };

    /// <summary>Collects and groups the samples of a family. Returns false if a creation time belongs to no metric of the family.</summary>
    private bool Collect(PageIndex index, FamilyList families, int number)
    {
        if (_collected == number)
            return _areAllMetricsKnown;
        _collected = number;
        var family = families.Families[number];
        ref readonly var shape = ref _names[number];
        var name = index.Names.Name(family.Name);
        var bound = shape.Type switch
        {
            MetricType.Histogram or MetricType.GaugeHistogram => LabelNames.Bucket,
            MetricType.Summary => LabelNames.Quantile,
            MetricType.StateSet => StateName(name),
            _ => default,
        };
        _samples.Clear();
        _samples.Add(index, families.SpansOf(number), shape.NameLength, bound);
        Take(index, families, shape.Count, shape.NameLength, bound);
        Take(index, families, shape.Sum, shape.NameLength, bound);
        var metrics = _samples.MetricCount;
        Take(index, families, shape.Created, shape.NameLength, bound);
        _isInOrder = _samples.Group();
        _areAllMetricsKnown = _samples.MetricCount == metrics;
        return _areAllMetricsKnown;
    }

    /// <summary>Adds the samples of another family that belong to the current one.</summary>
    private void Take(PageIndex index, FamilyList families, int other, int nameLength, ReadOnlySpan<byte> bound)
    {
        if (other >= 0)
            _samples.Add(index, families.SpansOf(other), nameLength, bound);
    }

    // The label of the state has the name of the family, quoted if needed.
    private ReadOnlySpan<byte> StateName(ReadOnlySpan<byte> name)
    {
        if (Characters.IsLabelName(name))
            return name;
        _scratch.Clear();
        _scratch.Append((byte)'"');
        Escapes.AppendLabelValue(_scratch, name);
        _scratch.Append((byte)'"');
        return _scratch.Written;
    }

    // Text has no gauge histogram: its HELP and UNIT belong to a name without samples.
    private static Family HeadOf(PageIndex index, in Family family, MetricType type)
    {
        if (type != MetricType.GaugeHistogram)
            return family;
        ref readonly var root = ref index.Names[index.Names[family.Name].GaugeRoot];
        return family with { Help = index.Helps.Choose(root), Unit = root.HasUnitConflict ? -1 : root.Unit };
    }

    /// <summary>Turns each name of a histogram or summary into an unknown family, which is written in the order of its name.</summary>
    private void HoldParts(PageIndex index, in Family family)
    {
        HoldPart(index, family.Name);
        for (var number = 0; number < FamilyMembership.MaxSuffixes; number++)
        {
            var suffix = FamilyMembership.Suffix(family.Type, number);
            var member = suffix.IsEmpty ? -1 : index.Names.Find(family.Name, suffix);
            if (member >= 0)
                HoldPart(index, member);
        }
    }

    // The list is sorted in descending order. Many families can wait if the name of one is a prefix of the next, so adding one costs only a
    // binary search.
    private void HoldPart(PageIndex index, int name)
    {
        var bytes = index.Names.Name(name);
        var (low, high) = (0, _parts.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (index.Names.Name(_parts[middle]).SequenceCompareTo(bytes) > 0)
                low = middle + 1;
            else
                high = middle;
        }

        _parts.Insert(low, name);
    }

    private void WritePartsBefore(PageIndex index, FamilyList families, ReadOnlySpan<byte> name, ref PageOutput output)
    {
        while (_parts.Count > 0 && (name.IsEmpty || index.Names.Name(_parts[^1]).SequenceCompareTo(name) < 0))
        {
            WritePart(index, families, _parts[^1], ref output);
            _parts.RemoveAt(_parts.Count - 1);
        }
    }

    private void WritePart(PageIndex index, FamilyList families, int name, ref PageOutput output)
    {
        if (index.Names[name].FirstSpan < 0)
            return;
        var part = new Family(name, MetricType.Untyped, -1, -1);
        WriteHead(index, part, MetricType.Untyped, index.Names.Name(name).Length, ref output);
        foreach (var span in families.SpansOf(index, part))
            WriteSpan(index, index.Span(span), MetricType.Untyped, ref output);
    }

    private static void WriteHead(PageIndex index, in Family family, MetricType type, int nameLength, ref PageOutput output)
    {
        var name = index.Names.Name(family.Name)[..nameLength];
        var isQuoted = index.Names[family.Name].IsQuoted && !Characters.IsMetricName(name);
        output.Write("# TYPE "u8);
        TextPageWriter.WriteName(name, isQuoted, ref output);
        output.Write((byte)' ');
        output.Write(MetricTypes.OpenMetricsName(type));
        output.Write((byte)'\n');
        if (family.Unit >= 0 && MetricTypes.HasUnit(type) && Units.IsUnitOf(name, index.Units.Text(family.Unit)))
        {
            output.Write("# UNIT "u8);
            TextPageWriter.WriteName(name, isQuoted, ref output);
            output.Write((byte)' ');
            output.Write(index.Units.Text(family.Unit));
            output.Write((byte)'\n');
        }

        if (family.Help < 0 || index.Helps.Text(family.Help).IsEmpty)
            return;
        output.Write("# HELP "u8);
        TextPageWriter.WriteName(name, isQuoted, ref output);
        output.Write((byte)' ');
        TextPageWriter.WriteEscaped(index.Helps.Text(family.Help), escapesQuotes: true, ref output);
        output.Write((byte)'\n');
    }

    private void WriteSpan(PageIndex index, in SampleSpan span, MetricType type, ref PageOutput output)
    {
        if ((index.Names[span.Name].Flags & ChangedFlags) == SampleFlags.None)
        {
            TextPageWriter.WriteSpan(index, span, ref output);
            return;
        }

        var source = index.Source(span.Source);
        for (var number = span.First; number < span.First + span.Count; number++)
        {
            ref readonly var record = ref index.Sample(number);
            if ((record.Flags & SampleFlags.IsDropped) == SampleFlags.None)
                WriteSample(source, record, type, FamilyPart.Value, double.NaN, ref output);
        }
    }

    private void WriteSample(
        SourceState source, in SampleRecord record, MetricType type, FamilyPart part, double bucket, ref PageOutput output)
    {
        var bytes = PageIndex.BytesOf(source, record.Flags);
        var sample = bytes[record.Start..record.End];
        var bound = BoundOf(type, part);
        if (!bound.IsEmpty && (record.Flags & SampleFlags.HasPlainBound) != SampleFlags.None)
            sample = BoundRewriter.Rewrite(sample, record.NameLength, bound, _scratch);
        TextPageWriter.WriteSample(sample, record.NameLength, source.Labels.Encoded, ref output);
        var mayHaveExemplar = part == FamilyPart.Bucket || (type == MetricType.Counter && part == FamilyPart.Value);
        if (mayHaveExemplar && (record.Flags & SampleFlags.HasExemplar) != SampleFlags.None)
        {
            var exemplar = bytes[record.End..];
            exemplar = exemplar[..exemplar.IndexOf((byte)'\n')];
            if (ExemplarRules.AreKept(exemplar, part == FamilyPart.Bucket ? bucket : double.PositiveInfinity))
                output.Write(exemplar);
        }

        output.Write((byte)'\n');
    }
}
