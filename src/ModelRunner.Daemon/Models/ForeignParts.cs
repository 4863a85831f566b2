using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Models;

/// <summary>What the daemon knows about a model of another tool besides its file.</summary>
/// <param name="Kind">The tool.</param>
/// <param name="Adapters">Its adapters (LoRA), as files.</param>
internal sealed record ForeignParts(SourceKind Kind, IReadOnlyList<ModelFile> Adapters)
{
    /// <summary>Absolute path of its chat template; null: the one in its GGUF file.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>Why it cannot be served, a clause that follows its name; null: no reason is known.</summary>
    public string? Problem { get; init; }
}
