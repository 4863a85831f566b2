namespace ModelRunner.Configuration;

/// <summary>What the configuration says of one model.</summary>
internal sealed record ModelSettings
{
    /// <summary>Absolute path of the GGUF file; null: the store has it.</summary>
    public string? Path { get; init; }

    /// <summary>Absolute path of its image projector; null: the one that lies beside the file and belongs to it.</summary>
    public string? ProjectorPath { get; init; }

    /// <summary>Whether it is to be run without any image projector.</summary>
    public bool HasNoProjector { get; init; }

    /// <summary>Tokens of context per slot; null: the runner's default.</summary>
    public int? ContextSize { get; init; }

    /// <summary>How long its runners stay when idle; null: the default; negative: for ever; zero: stop after the answer.</summary>
    public TimeSpan? KeepAlive { get; init; }

    /// <summary>Arguments added to its runners, checked like <c>LLAMA_ARGS</c>.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Other canonical references that lead to this model.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];
}
