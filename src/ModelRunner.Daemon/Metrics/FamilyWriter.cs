using System.Buffers;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Metrics;

/// <summary>
/// Writes samples of the families in <see cref="MetricFamilies"/>. The first sample of a family begins it, so a family without samples is
/// absent. All samples of a family are written one after another; <see cref="Complete"/> ends the last one. Not thread-safe.
/// </summary>
/// <param name="output">The destination.</param>
/// <param name="startedAt">
/// When the daemon started, in milliseconds since 1970: the creation time of a counter that has no other. Null: no creation times are written,
/// because the page is text 0.0.4. For the merger, they are families of their own, which it joins in OpenMetrics.
/// </param>
internal sealed class FamilyWriter(IBufferWriter<byte> output, long? startedAt = null)
{
    private readonly ExpositionWriter _writer = new(output);
    private readonly ArrayBufferWriter<byte> _creation = new(startedAt is null ? 1 : 4096);
    private ExpositionWriter? _creationWriter;
    private readonly KeyValuePair<string, string>[] _labels = new KeyValuePair<string, string>[MetricFamily.MaxLabels];
    private MetricFamily? _family;

    /// <summary>Writes a sample of a family that is not per runner.</summary>
    /// <param name="family">The family.</param>
    /// <param name="value">The value.</param>
    /// <param name="labels">One value for each of <see cref="MetricFamily.Labels"/>. A label with an empty value is left out.</param>
    public void Write(MetricFamily family, double value, params ReadOnlySpan<string> labels)
    {
        Begin(family, hasTarget: false, labels.Length);
        ReadOnlySpan<KeyValuePair<string, string>> pairs = Pair(family, labels);
        _writer.WriteSample(value, pairs);
        if (startedAt is { } start && family.Type == MetricType.Counter)
            _creationWriter!.WriteSample(start / 1000.0, pairs);
    }

    /// <summary>Writes a sample of a family that is per runner or per model.</summary>
    /// <param name="family">The family.</param>
    /// <param name="target">The labels of the runner or of the model.</param>
    /// <param name="value">The value.</param>
    /// <param name="labels">One value for each of <see cref="MetricFamily.Labels"/>. A label with an empty value is left out.</param>
    public void Write(MetricFamily family, TargetLabels target, double value, params ReadOnlySpan<string> labels)
    {
        Begin(family, hasTarget: true, labels.Length);
        _writer.WriteSample(target, value, Pair(family, labels));
    }

    /// <summary>Writes a sample of a counter that is per runner or per model.</summary>
    /// <param name="family">The family.</param>
    /// <param name="target">The labels of the runner or of the model.</param>
    /// <param name="value">The value.</param>
    /// <param name="beganAt">When it began to count, in milliseconds since 1970; 0: not known.</param>
    /// <param name="labels">One value for each of <see cref="MetricFamily.Labels"/>. A label with an empty value is left out.</param>
    public void WriteTotal(MetricFamily family, TargetLabels target, double value, long beganAt, params ReadOnlySpan<string> labels)
    {
        Write(family, target, value, labels);
        if (startedAt is not null && beganAt != 0)
            _creationWriter!.WriteSample(target, beganAt / 1000.0, _labels.AsSpan(0, labels.Length));
    }

    /// <summary>Writes a histogram of a family that is per model; an empty one is left out.</summary>
    public void Write(MetricFamily family, TargetLabels target, DurationHistogram histogram)
    {
        // The counts may grow meanwhile, so each is read once: the last bucket equals the count.
        Span<long> counts = stackalloc long[histogram.Bounds.Count + 1];
        long total = 0;
        for (int bound = 0; bound < counts.Length; bound++)
            counts[bound] = total += histogram.CountAt(bound);
        if (total == 0)
            return;
        Begin(family, hasTarget: true, labels: 0);
        for (int bound = 0; bound < counts.Length; bound++)
        {
            string limit = bound == histogram.Bounds.Count ? "+Inf" : histogram.Bounds[bound].Text;
            var label = new KeyValuePair<string, string>("le", limit);
            if (histogram.ExemplarAt(bound) is { } exemplar)
                _writer.WriteSample("_bucket", target, counts[bound], exemplar, label);
            else
                _writer.WriteSample("_bucket", target, counts[bound], label);
        }

        _writer.WriteSample("_sum", target, histogram.Sum);
        _writer.WriteSample("_count", target, total);
        if (startedAt is not null && histogram.BeganAt is not 0 and var beganAt)
            _creationWriter!.WriteSample(target, beganAt / 1000.0);
    }

    /// <summary>Ends the last family.</summary>
    public void Complete()
    {
        output.Write(_creation.WrittenSpan);
        _creation.ResetWrittenCount();
    }

    private ReadOnlySpan<KeyValuePair<string, string>> Pair(MetricFamily family, ReadOnlySpan<string> values)
    {
        for (int label = 0; label < values.Length; label++)
            _labels[label] = new(family.Labels[label], values[label]);
        return _labels.AsSpan(0, values.Length);
    }

    private void Begin(MetricFamily family, bool hasTarget, int labels)
    {
        if ((family.IsPerRunner || family.IsPerModel) != hasTarget || family.Labels.Count != labels)
            throw new ArgumentException($"{family.Name} has other labels: see {nameof(MetricFamilies)}.", nameof(family));
        if (ReferenceEquals(family, _family))
            return;
        Complete();
        _family = family;
        if (startedAt is not null && family.Type is MetricType.Counter or MetricType.Histogram)
            (_creationWriter ??= new ExpositionWriter(_creation)).BeginFamily(family.CreationName, MetricType.Gauge, "Creation time");
        if (family.Unit is null)
            _writer.BeginFamily(family.Name, family.Type, family.Help);
        else
            _writer.BeginFamily(family.Name, family.Type, family.Help, family.Unit);
    }
}
