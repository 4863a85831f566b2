namespace ModelRunner.Store.Artifacts;

/// <summary>What the configuration of an artifact says of the model. Every part may be missing, and none is trusted for a decision.</summary>
internal sealed record ArtifactConfig
{
    /// <summary>The format of the weights, for example <c>gguf</c>; empty: not said.</summary>
    public string Format { get; init; } = "";

    /// <summary>The quantization, for example <c>MOSTLY_Q4_K_M</c>; empty: not said.</summary>
    public string Quantization { get; init; } = "";

    /// <summary>The number of parameters as text, for example <c>361.82M</c>; empty: not said.</summary>
    public string Parameters { get; init; } = "";

    /// <summary>The architecture, for example <c>llama</c>; empty: not said.</summary>
    public string Architecture { get; init; } = "";

    /// <summary>The size as text, for example <c>256.35MiB</c>; empty: not said.</summary>
    public string Size { get; init; } = "";

    /// <summary>The context in tokens that whoever packed the model wrote; null: not said.</summary>
    public int? ContextSize { get; init; }

    /// <summary>The context in tokens that the model was trained for, as the metadata of its GGUF file has it; null: not said.</summary>
    public int? TrainedContext { get; init; }

    /// <summary>
    /// The context in tokens that somebody chose for the model; null: nobody did. Packagers write the size for which the model was trained if none is
    /// chosen. That is an upper bound, whose cache may not fit into any memory.
    /// </summary>
    public int? ChosenContext => ContextSize == TrainedContext ? null : ContextSize;

    /// <summary>When it was made; null: not said.</summary>
    public DateTimeOffset? Created { get; init; }
}
