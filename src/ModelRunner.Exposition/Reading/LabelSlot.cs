using System.Runtime.InteropServices;

namespace ModelRunner.Exposition.Reading;

/// <summary>The position of one label in its line. Offsets count from the start of the line and exclude the quotes.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct LabelSlot
{
    public int NameStart;
    public int NameEnd;
    public int ValueStart;
    public int ValueEnd;

    /// <summary>Whether the name is quoted.</summary>
    public bool IsNameQuoted;

    /// <summary>The sum of the hashes of this label and all earlier ones, see <see cref="Merging.SeriesHash"/>.</summary>
    public ulong HashSum;
}
