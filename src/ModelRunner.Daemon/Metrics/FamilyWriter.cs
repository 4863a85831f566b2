using System.Buffers;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Metrics;

/// <summary>
/// Writes samples of the families in <see cref="MetricFamilies"/>. The first sample of a family begins it, so a family without samples is
/// absent. All samples of a family are written one after another. Not thread-safe.
/// </summary>
internal sealed class FamilyWriter(IBufferWriter<byte> output)
{
    private readonly ExpositionWriter _writer = new(output);
    private readonly KeyValuePair<string, string>[] _labels = new KeyValuePair<string, string>[MetricFamily.MaxLabels];
    private MetricFamily? _family;

    /// <summary>Writes a sample of a family that is not per runner.</summary>
    /// <param name="family">The family.</param>
    /// <param name="value">The value.</param>
    /// <param name="labels">One value for each of <see cref="MetricFamily.Labels"/>. A label with an empty value is left out.</param>
    public void Write(MetricFamily family, double value, params ReadOnlySpan<string> labels)
    {
        Begin(family, hasTarget: false, labels.Length);
        _writer.WriteSample(value, Pair(family, labels));
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
        _family = family;
        if (family.Unit is null)
            _writer.BeginFamily(family.Name, family.Type, family.Help);
        else
            _writer.BeginFamily(family.Name, family.Type, family.Help, family.Unit);
    }
}
