using System.Runtime.InteropServices;
using ModelRunner.Exposition.Reading;

namespace ModelRunner.Exposition.Merging;

/// <summary>A valid HELP, TYPE or UNIT line of a source, and what it declares.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct KnownMetadata
{
    /// <summary>The position of the line in the body of its source.</summary>
    public required int Start { get; init; }

    public required int Length { get; init; }

    /// <summary>The position of the text after the name, relative to the line. The text ends with the line.</summary>
    public required int TextStart { get; init; }

    /// <summary>The index of the name.</summary>
    public required int Name { get; init; }

    public required LineKind Kind { get; init; }

    /// <summary>The type that a TYPE line declares.</summary>
    public required MetricType Type { get; init; }
}
