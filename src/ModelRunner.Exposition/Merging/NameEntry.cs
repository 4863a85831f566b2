using System.Runtime.InteropServices;

namespace ModelRunner.Exposition.Merging;

/// <summary>What is known of one metric name over all sources: who declared what, and where its samples stand.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct NameEntry
{
    public ulong Hash;

    /// <summary>Where the name stands in the table's bytes: decoded, without quotes.</summary>
    public int Start;

    public int Length;

    /// <summary>The name that was asked for after this one, or -1.</summary>
    public int Next;

    /// <summary>Whether the name needs quotes.</summary>
    public bool IsQuoted;

    /// <summary>The number of the last source that said anything of a name which was there before that source.</summary>
    public int LastSource;

    public bool HasType;

    /// <summary>The number of the last source that declared a type.</summary>
    public int LastTypeSource;

    /// <summary>Whether a source declared the type and has samples of the name, too: then the name is a family of its own.</summary>
    public bool IsOwnFamily;

    /// <summary>Whether two declarations of the type differ.</summary>
    public bool HasTypeConflict;

    /// <summary>The type declared first, or gauge where others that are gauges in text were declared, too.</summary>
    public MetricType Type;

    /// <summary>What all sources together declare: untyped where they differ. It does not depend on their order.</summary>
    public readonly MetricType DeclaredType => HasTypeConflict ? MetricType.Untyped : Type;

    /// <summary>Whether an OpenMetrics body has samples of the name.</summary>
    public bool HasOpenMetricsSamples;

    /// <summary>The first of the different HELP texts in the list of <see cref="HelpTable"/>, or -1.</summary>
    public int FirstHelp;

    /// <summary>The number of the last source that gave a HELP: only its first counts.</summary>
    public int LastHelpSource;

    /// <summary>The unit in <see cref="UnitTable"/>, or -1.</summary>
    public int Unit;

    /// <summary>The number of the last source that gave a unit: only its first counts.</summary>
    public int LastUnitSource;

    /// <summary>Whether two sources gave different units.</summary>
    public bool HasUnitConflict;

    public int FirstSpan;

    public int LastSpan;

    /// <summary>The flags of all its samples together.</summary>
    public SampleFlags Flags;

    /// <summary>The family that the name belongs to after the merge: its own index, or that of a histogram or summary.</summary>
    public int Family;

    /// <summary>
    /// The gauge histogram of which the name is a part, or -1. Text has no such type, so the name is a family of its own all the same.
    /// </summary>
    public int GaugeRoot;

    /// <summary>The type that the family has on the page after the merge.</summary>
    public MetricType PageType;
}
