using System.Runtime.InteropServices;

namespace ModelRunner.Exposition.Reading;

/// <summary>
/// The result of <see cref="MetadataParser"/> for a line that begins with a number sign. Offsets count from the start of the line.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct MetadataLine
{
    public LineKind Kind;

    /// <summary>The name, without quotes. A quoted name has only escapes that all readers know.</summary>
    public int NameStart;

    public int NameEnd;

    public bool IsNameQuoted;

    /// <summary>The help text or the unit, still escaped; for a TYPE line the type.</summary>
    public int TextStart;

    public int TextEnd;

    public MetricType Type;

    /// <summary>Whether a HELP, TYPE or UNIT line is invalid.</summary>
    public bool IsInvalid;

    public Leniency Leniencies;
}
