using System.Runtime.InteropServices;

namespace ModelRunner.Exposition.Reading;

/// <summary>Where one label stands in its line. Offsets count from the start of the line; quotes are outside of them.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct LabelSlot
{
    public int NameStart;
    public int NameEnd;
    public int ValueStart;
    public int ValueEnd;

    /// <summary>The name stood in quotes.</summary>
    public bool IsNameQuoted;

    /// <summary>The sum of the hashes of this label and of all before it, as <see cref="Merging.SeriesHash"/> makes them.</summary>
    public ulong HashSum;
}
