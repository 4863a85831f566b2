using LLama.Native;

namespace ModelRunner.LlamaHost.Generation;

/// <summary>The parameters of one request.</summary>
internal sealed record GenerationSettings
{
    /// <summary>The prompt; at least one token, and shorter than a slot's context.</summary>
    public required LLamaToken[] Prompt { get; init; }

    /// <summary>The most tokens to generate; the end of the slot's context also ends the response.</summary>
    public int MaxTokens { get; init; } = int.MaxValue;

    /// <summary>Texts that end the response; they are not part of it.</summary>
    public IReadOnlyList<string> StopTexts { get; init; } = [];

    /// <summary>Whether the contents of a slot's cache may be reused.</summary>
    public bool UsesCache { get; init; } = true;

    /// <summary>A grammar in GBNF for the response; null: none.</summary>
    public string? Grammar { get; init; }

    /// <summary>
    /// Whether the names of special tokens are part of the response. A grammar sees them as text, so the response must contain them too.
    /// </summary>
    public bool ShowsSpecial { get; init; }

    /// <summary>How many of the most likely tokens are reported with each token; null: no probabilities are reported.</summary>
    public int? Probabilities { get; init; }

    /// <summary>The sampling settings.</summary>
    public SamplingSettings Sampling { get; init; } = new();
}
