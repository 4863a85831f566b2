using System.Runtime.InteropServices;
using ModelRunner.Exposition.Merging;

namespace ModelRunner.Exposition.Reading;

/// <summary>A label that was read and found plain, in <see cref="LabelMemory"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LabelEntry
{
    /// <summary>The hash of name and value, as <see cref="SeriesHash"/> makes it.</summary>
    public ulong Hash;

    /// <summary>Where the label begins in the body.</summary>
    public int Start;

    /// <summary>The bytes of the name with the equals sign and the opening quote.</summary>
    public int NameLength;

    /// <summary>The bytes of all of it, with the closing quote and the comma or brace behind it.</summary>
    public int Length;

    /// <summary>Whether it is <c>le</c> or <c>quantile</c>.</summary>
    public bool IsBound;

    /// <summary>What its value adds to the flags of the sample.</summary>
    public SampleFlags Flags;
}
