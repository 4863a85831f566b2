using System.Runtime.InteropServices;
using ModelRunner.Exposition.Merging;

namespace ModelRunner.Exposition.Reading;

/// <summary>A canonical label in <see cref="LabelMemory"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LabelEntry
{
    /// <summary>The hash of name and value, see <see cref="SeriesHash"/>.</summary>
    public ulong Hash;

    /// <summary>The start of the label in the body.</summary>
    public int Start;

    /// <summary>The length of the name with the equals sign and the opening quote, in bytes.</summary>
    public int NameLength;

    /// <summary>The length of the label with the closing quote and the comma or brace after it, in bytes.</summary>
    public int Length;

    /// <summary>Whether it is <c>le</c> or <c>quantile</c>.</summary>
    public bool IsBound;

    /// <summary>The flags that its value adds to the sample.</summary>
    public SampleFlags Flags;
}
