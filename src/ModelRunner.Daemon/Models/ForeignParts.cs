using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Models;

/// <summary>What the daemon knows about a model of another tool besides its file.</summary>
/// <param name="Kind">The tool.</param>
/// <param name="Adapters">Its adapters (LoRA), as files.</param>
/// <param name="Unused">Parts that the tool would use and a runner does not get.</param>
internal sealed record ForeignParts(SourceKind Kind, IReadOnlyList<ModelFile> Adapters, IReadOnlyList<string> Unused)
{
    /// <summary>Absolute path of its chat template; null: the one in its GGUF file.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>Why it cannot be served, a clause that follows its name; null: no reason is known.</summary>
    public string? Problem { get; init; }
}
