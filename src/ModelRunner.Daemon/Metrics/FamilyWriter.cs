using System.Buffers;
using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Metrics;

/// <summary>
/// Writes samples of the families in <see cref="MetricFamilies"/>. The first sample of a family begins it, so a family without samples is
/// absent. All samples of a family are written one after another. Not thread-safe.
/// </summary>
internal sealed class FamilyWriter(IBufferWriter<byte> output)
{
    private readonly ExpositionWriter _writer = new(output);
    private MetricFamily? _family;

    /// <summary>Writes a sample of a family that is not per runner.</summary>
    /// <param name="family">The family.</param>
    /// <param name="value">The value.</param>
    /// <param name="labels">One value for each of <see cref="MetricFamily.Labels"/>.</param>
    public void Write(MetricFamily family, double value, params ReadOnlySpan<string> labels)
    {
        Begin(family, isPerRunner: false, labels.Length);
        if (labels.IsEmpty)
            _writer.WriteSample(value);
        else if (labels.Length == 1)
            _writer.WriteSample(value, Label(family, labels, 0));
        else
            _writer.WriteSample(value, Label(family, labels, 0), Label(family, labels, 1));
    }

    /// <summary>Writes a sample of a family that is per runner.</summary>
    /// <param name="family">The family.</param>
    /// <param name="runner">The labels of the runner.</param>
    /// <param name="value">The value.</param>
    /// <param name="labels">One value for each of <see cref="MetricFamily.Labels"/>.</param>
    public void Write(MetricFamily family, TargetLabels runner, double value, params ReadOnlySpan<string> labels)
    {
        Begin(family, isPerRunner: true, labels.Length);
        if (labels.IsEmpty)
            _writer.WriteSample(runner, value);
        else if (labels.Length == 1)
            _writer.WriteSample(runner, value, Label(family, labels, 0));
        else
            _writer.WriteSample(runner, value, Label(family, labels, 0), Label(family, labels, 1));
    }

    private static KeyValuePair<string, string> Label(MetricFamily family, ReadOnlySpan<string> labels, int index) =>
        new(family.Labels[index], labels[index]);

    private void Begin(MetricFamily family, bool isPerRunner, int labels)
    {
        if (family.IsPerRunner != isPerRunner || family.Labels.Count != labels)
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
