using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Models;

/// <summary>Parts of a model that its tool would use and its runners do not get.</summary>
/// <param name="Tool">The tool.</param>
/// <param name="Parts">For example "system prompt"; at least one.</param>
internal sealed record UnusedParts(SourceKind Tool, IReadOnlyList<string> Parts)
{
    /// <summary>Those of a tool; null: there are none.</summary>
    public static UnusedParts? Of(SourceKind tool, IReadOnlyList<string> parts) => parts.Count == 0 ? null : new UnusedParts(tool, parts);
}
