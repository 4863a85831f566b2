using System.Runtime.InteropServices;

namespace ModelRunner.Exposition.Merging;

/// <summary>One metric name on the page: the declarations of all sources and the position of its samples.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct NameEntry
{
    public ulong Hash;

    /// <summary>The position of the name in the bytes of the table: decoded, without quotes.</summary>
    public int Start;

    public int Length;

    /// <summary>The name that was looked up after this one, or -1.</summary>
    public int Next;

    /// <summary>Whether the name needs quotes.</summary>
    public bool IsQuoted;

    /// <summary>The number of the last source that declared or used the name, if the name existed before that source.</summary>
    public int LastSource;

    public bool HasType;

    /// <summary>The number of the last source that declared a type.</summary>
    public int LastTypeSource;

    /// <summary>Whether a source declares the type and also has samples of the name: then the name is a family of its own.</summary>
    public bool IsOwnFamily;

    /// <summary>Whether sources declare different types.</summary>
    public bool HasTypeConflict;

    /// <summary>The first declared type, or gauge if different types that are gauges in text were declared.</summary>
    public MetricType Type;

    /// <summary>The type from all declarations: untyped if they differ. It does not depend on the order of the sources.</summary>
    public readonly MetricType DeclaredType => HasTypeConflict ? MetricType.Untyped : Type;

    /// <summary>Whether an OpenMetrics body has samples of the name.</summary>
    public bool HasOpenMetricsSamples;

    /// <summary>The first of the different HELP texts in the list of <see cref="HelpTable"/>, or -1.</summary>
    public int FirstHelp;

    /// <summary>The number of the last source that declared a HELP text: only its first counts.</summary>
    public int LastHelpSource;

    /// <summary>The unit in <see cref="UnitTable"/>, or -1.</summary>
    public int Unit;

    /// <summary>The number of the last source that declared a unit: only its first counts.</summary>
    public int LastUnitSource;

    /// <summary>Whether sources declare different units.</summary>
    public bool HasUnitConflict;

    public int FirstSpan;

    public int LastSpan;

    /// <summary>The flags of all its samples together.</summary>
    public SampleFlags Flags;

    /// <summary>The family that the name belongs to after the merge: its own index, or that of a histogram or summary.</summary>
    public int Family;

    /// <summary>
    /// The gauge histogram that the name is a part of, or -1. Text has no such type, so the name is nevertheless a family of its own.
    /// </summary>
    public int GaugeRoot;

    /// <summary>The type that the family has on the page after the merge.</summary>
    public MetricType PageType;
}
