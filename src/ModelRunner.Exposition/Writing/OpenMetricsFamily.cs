using System.Runtime.InteropServices;

namespace ModelRunner.Exposition.Writing;

/// <summary>What a family of the page can be in OpenMetrics.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct OpenMetricsFamily
{
    /// <summary>The type in OpenMetrics; untyped is written as unknown.</summary>
    public MetricType Type;

    /// <summary>
    /// How many bytes of the name of text are the name here: less <c>_total</c> of a counter, less <c>_info</c> of an info.
    /// </summary>
    public int NameLength;

    /// <summary>The family <c>x_created</c> whose samples belong to this one, or -1.</summary>
    public int Created;

    /// <summary>For a family <c>x_created</c>: the family that wants its samples, or -1.</summary>
    public int Owner;

    /// <summary>Whether its samples were found to fit its type. Null where nobody has looked yet.</summary>
    public bool? IsValid;
}
