namespace ModelRunner.Configuration;

/// <summary>The settings of one model in the configuration.</summary>
internal sealed record ModelSettings
{
    /// <summary>Absolute path of the GGUF file; null: the file is in the store.</summary>
    public string? Path { get; init; }

    /// <summary>Absolute path of its image projector; null: the one beside the file that belongs to it.</summary>
    public string? ProjectorPath { get; init; }

    /// <summary>Whether it runs without any image projector.</summary>
    public bool HasNoProjector { get; init; }

    /// <summary>Tokens of context per slot; null: the runner's default.</summary>
    public int? ContextSize { get; init; }

    /// <summary>How long its idle runners stay; null: the default; negative: for ever; zero: they stop after the response.</summary>
    public TimeSpan? KeepAlive { get; init; }

    /// <summary>Arguments added to its runners, checked like <c>LLAMA_ARGS</c>.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Other canonical references that lead to this model.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];
}
