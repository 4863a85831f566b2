using LLama.Native;

namespace ModelRunner.LlamaHost.Generation;

/// <summary>What one request asks for.</summary>
internal sealed record GenerationSettings
{
    /// <summary>The prompt; at least one token, and shorter than a slot's context.</summary>
    public required LLamaToken[] Prompt { get; init; }

    /// <summary>The most tokens to generate; the slot's context ends the answer too.</summary>
    public int MaxTokens { get; init; } = int.MaxValue;

    /// <summary>Texts that end the answer; they are not part of it.</summary>
    public IReadOnlyList<string> StopTexts { get; init; } = [];

    /// <summary>Whether what is left in a slot's cache may be used.</summary>
    public bool UsesCache { get; init; } = true;

    /// <summary>A grammar in GBNF that the answer must follow; null: none.</summary>
    public string? Grammar { get; init; }

    /// <summary>
    /// Whether the names of special tokens are part of the answer. A grammar reads them as text, so the answer must have them too.
    /// </summary>
    public bool ShowsSpecial { get; init; }

    /// <summary>How many of the most likely tokens are told with the probability of each token; null: no probabilities are told.</summary>
    public int? Probabilities { get; init; }

    /// <summary>How tokens are chosen.</summary>
    public SamplingSettings Sampling { get; init; } = new();
}
