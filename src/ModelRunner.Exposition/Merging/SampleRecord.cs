using System.Runtime.InteropServices;

namespace ModelRunner.Exposition.Merging;

/// <summary>
/// Where one sample stands. The bytes from start to end are canonical: <c>name{a="b",c="d"} value</c>, nothing before or behind.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SampleRecord
{
    /// <summary>The hash of the labels, of the order of which it does not depend. See <see cref="SeriesHash"/>.</summary>
    public ulong Hash;

    /// <summary>Offset in the body or in the arena of the source.</summary>
    public int Start;

    public int End;

    /// <summary>Bytes before the labels: the name; for a quoted name the brace and the name with its quotes.</summary>
    public int NameLength;

    public SampleFlags Flags;
}
