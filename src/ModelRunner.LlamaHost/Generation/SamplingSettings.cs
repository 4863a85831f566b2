namespace ModelRunner.LlamaHost.Generation;

/// <summary>How tokens are chosen. The defaults are llama-server's.</summary>
internal sealed record SamplingSettings
{
    /// <summary>0: always the likeliest token.</summary>
    public float Temperature { get; init; } = 0.8f;

    /// <summary>The likeliest tokens to choose from; 0 or less: all.</summary>
    public int TopK { get; init; } = 40;

    /// <summary>The share of probability to choose from; 1: all.</summary>
    public float TopP { get; init; } = 0.95f;

    /// <summary>The least probability, as a share of the likeliest token's; 0: none.</summary>
    public float MinP { get; init; } = 0.05f;

    /// <summary>The tokens back that penalties look.</summary>
    public int RepeatLastN { get; init; } = 64;

    /// <summary>Divides the score of a token that occurred; 1: off.</summary>
    public float RepeatPenalty { get; init; } = 1;

    /// <summary>Taken off the score of a token as often as it occurred.</summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>Taken off the score of a token that occurred.</summary>
    public float PresencePenalty { get; init; }

    /// <summary>The seed of the random numbers; null: a new one.</summary>
    public uint? Seed { get; init; }

    /// <summary>Added to the scores of tokens, by their number; negative infinity bans one.</summary>
    public IReadOnlyDictionary<int, float> LogitBias { get; init; } = new Dictionary<int, float>();

    /// <summary>Whether the tokens that end an answer are banned.</summary>
    public bool IgnoresEnd { get; init; }

    /// <summary>Whether any penalty is on.</summary>
    public bool HasPenalties => RepeatPenalty != 1 || FrequencyPenalty != 0 || PresencePenalty != 0;
}
