using System.Runtime.InteropServices;

namespace ModelRunner.Exposition.Writing;

/// <summary>One sample of a family that is written in OpenMetrics.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FamilySample
{
    /// <summary>The hash of the labels that identify the metric: all but the bound of a bucket or quantile.</summary>
    public ulong Metric;

    /// <summary>The index of the sample in the page's list.</summary>
    public int Sample;

    public int Source;

    /// <summary>
    /// The bound of a bucket or quantile; <see cref="double.NaN"/> if there is none. Zero for another part of the family that has this label
    /// with any value: no metric can have it.
    /// </summary>
    public double Bound;

    public double Value;

    /// <summary>The number of the metric in the order of the first samples, from 1.</summary>
    public uint MetricNumber;

    public FamilyPart Part;
}
