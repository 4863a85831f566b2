using System.Runtime.InteropServices;

namespace ModelRunner.Exposition.Merging;

/// <summary>The position of one sample. The bytes from start to end are canonical: <c>name{a="b",c="d"} value</c> and nothing else.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SampleRecord
{
    /// <summary>The hash of the labels. It does not depend on their order. See <see cref="SeriesHash"/>.</summary>
    public ulong Hash;

    /// <summary>The offset in the body or in the arena of the source.</summary>
    public int Start;

    public int End;

    /// <summary>The number of bytes before the labels: the name, or for a quoted name the brace and the quoted name.</summary>
    public int NameLength;

    public SampleFlags Flags;
}
