using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Models;

/// <summary>Parts that a tool would use under one of its names for a model, and that runners do not get.</summary>
/// <param name="Tool">The tool.</param>
/// <param name="Name">The canonical name of the tool for the model. Other names of the same file may have other parts.</param>
/// <param name="Parts">For example "system prompt"; at least one.</param>
internal sealed record UnusedParts(SourceKind Tool, string Name, IReadOnlyList<string> Parts)
{
    /// <summary>Those of a name; none if it has no such parts.</summary>
    public static IReadOnlyList<UnusedParts> Of(SourceKind tool, string name, IReadOnlyList<string> parts) =>
        parts.Count == 0 ? [] : [new UnusedParts(tool, name, parts)];
}
