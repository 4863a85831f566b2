using System.Runtime.InteropServices;

namespace ModelRunner.Exposition.Reading;

/// <summary>
/// What <see cref="MetadataParser"/> found in a line that begins with a number sign. Offsets count from the start of the line.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct MetadataLine
{
    public LineKind Kind;

    /// <summary>Without quotes. Where it was quoted its escapes are those that all readers know.</summary>
    public int NameStart;

    public int NameEnd;

    public bool IsNameQuoted;

    /// <summary>The help text or the unit, escaped as it stands; for a TYPE line the word.</summary>
    public int TextStart;

    public int TextEnd;

    public MetricType Type;

    /// <summary>Whether a HELP, TYPE or UNIT line cannot be read.</summary>
    public bool IsInvalid;

    public Leniency Leniencies;
}
