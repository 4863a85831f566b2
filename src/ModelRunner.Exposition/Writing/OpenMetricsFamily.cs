using System.Runtime.InteropServices;

namespace ModelRunner.Exposition.Writing;

/// <summary>The name and type of a family in OpenMetrics.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct OpenMetricsFamily
{
    /// <summary>The type in OpenMetrics; untyped is written as unknown.</summary>
    public MetricType Type;

    /// <summary>
    /// The number of bytes of the text name that are the OpenMetrics name: without <c>_total</c> of a counter or <c>_info</c> of an info.
    /// </summary>
    public int NameLength;

    /// <summary>The family <c>x_created</c> whose samples belong to this one, or -1.</summary>
    public int Created;

    /// <summary>For the buckets of a gauge histogram: the family <c>x_gcount</c> whose samples belong to it, or -1.</summary>
    public int Count;

    /// <summary>For the buckets of a gauge histogram: the family <c>x_gsum</c> whose samples belong to it, or -1.</summary>
    public int Sum;

    /// <summary>For a family <c>x_created</c>, <c>x_gcount</c> or <c>x_gsum</c>: the family that takes over its samples, or -1.</summary>
    public int Owner;

    /// <summary>Whether its samples follow the rules of its type; null if this was not checked yet.</summary>
    public bool? IsValid;

    /// <summary>Whether the samples of another family belong to this one.</summary>
    public readonly bool Owns(int family) => Created == family || Count == family || Sum == family;

    /// <summary>Resets the family to its form in text, with its full name.</summary>
    public void Reset(MetricType type, int nameLength)
    {
        (Type, NameLength, IsValid) = (type, nameLength, true);
        Created = Count = Sum = -1;
    }
}
