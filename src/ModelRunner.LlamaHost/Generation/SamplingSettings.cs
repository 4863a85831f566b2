using System.Collections.Frozen;
using LLama.Native;

namespace ModelRunner.LlamaHost.Generation;

/// <summary>How tokens are chosen. The defaults are llama-server's.</summary>
internal sealed record SamplingSettings
{
    /// <summary>The samplers in the order in which llama-server applies them.</summary>
    public static readonly IReadOnlyList<SamplerKind> DefaultOrder =
    [
        SamplerKind.Penalties, SamplerKind.Dry, SamplerKind.TopNSigma, SamplerKind.TopK, SamplerKind.TypicalP, SamplerKind.TopP,
        SamplerKind.MinP, SamplerKind.Xtc, SamplerKind.Temperature,
    ];

    /// <summary>The texts at which DRY stops looking for a repetition.</summary>
    public static readonly IReadOnlyList<string> DefaultDryBreakers = ["\n", ":", "\"", "*"];

    private static readonly IReadOnlyDictionary<LLamaToken, float> NoBias = FrozenDictionary<LLamaToken, float>.Empty;

    /// <summary>The samplers and their order; a sampler that is not listed is not applied.</summary>
    public IReadOnlyList<SamplerKind> Order { get; init; } = DefaultOrder;

    /// <summary>0: always the most likely token.</summary>
    public float Temperature { get; init; } = 0.8f;

    /// <summary>How far the temperature may move with the entropy, up and down; 0: it is fixed.</summary>
    public float DynamicTemperatureRange { get; init; }

    /// <summary>The exponent of the dynamic temperature.</summary>
    public float DynamicTemperatureExponent { get; init; } = 1;

    /// <summary>The number of the most likely tokens to choose from; 0 or less: all.</summary>
    public int TopK { get; init; } = 40;

    /// <summary>The share of probability to choose from; 1: all.</summary>
    public float TopP { get; init; } = 0.95f;

    /// <summary>The least probability, as a share of the most likely token's; 0: none.</summary>
    public float MinP { get; init; } = 0.05f;

    /// <summary>Keeps tokens within this many standard deviations of the best; 0 or less: off.</summary>
    public float TopNSigma { get; init; } = -1;

    /// <summary>Locally typical sampling; 1: off.</summary>
    public float TypicalP { get; init; } = 1;

    /// <summary>The chance that the most likely tokens are removed; 0: off.</summary>
    public float XtcProbability { get; init; }

    /// <summary>The probability from which XTC removes tokens; above 0.5: off.</summary>
    public float XtcThreshold { get; init; } = 0.1f;

    /// <summary>The number of tokens that the filters always keep.</summary>
    public int MinKeep { get; init; }

    /// <summary>The number of last tokens that penalties look at; -1: the whole context.</summary>
    public int RepeatLastN { get; init; } = 64;

    /// <summary>Divides the score of a token that occurred; 1: off.</summary>
    public float RepeatPenalty { get; init; } = 1;

    /// <summary>Subtracted from the score of a token for each time it occurred.</summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>Subtracted from the score of a token that occurred.</summary>
    public float PresencePenalty { get; init; }

    /// <summary>The strength of the DRY penalty for repeated sequences; 0: off.</summary>
    public float DryMultiplier { get; init; }

    /// <summary>The base of DRY's exponential growth.</summary>
    public float DryBase { get; init; } = 1.75f;

    /// <summary>The length up to which DRY allows repetition.</summary>
    public int DryAllowedLength { get; init; } = 2;

    /// <summary>The number of last tokens that DRY looks at; -1: the whole context, 0: none.</summary>
    public int DryPenaltyLastN { get; init; } = -1;

    /// <summary>The texts at which DRY stops looking for a repetition.</summary>
    public IReadOnlyList<string> DryBreakers { get; init; } = DefaultDryBreakers;

    /// <summary>1 or 2: Mirostat takes the place of the other samplers; 0: off.</summary>
    public int Mirostat { get; init; }

    /// <summary>Mirostat's target entropy.</summary>
    public float MirostatTau { get; init; } = 5;

    /// <summary>Mirostat's learning rate.</summary>
    public float MirostatEta { get; init; } = 0.1f;

    /// <summary>The probability that adaptive-p aims at; negative: off.</summary>
    public float AdaptiveTarget { get; init; } = -1;

    /// <summary>How slowly adaptive-p forgets.</summary>
    public float AdaptiveDecay { get; init; } = 0.9f;

    /// <summary>The seed of the random numbers; null: a new one.</summary>
    public uint? Seed { get; init; }

    /// <summary>Added to the scores of tokens; negative infinity bans one.</summary>
    public IReadOnlyDictionary<LLamaToken, float> LogitBias { get; init; } = NoBias;

    /// <summary>Whether the tokens that end an answer are banned.</summary>
    public bool IgnoresEnd { get; init; }

    /// <summary>Whether any penalty is on.</summary>
    public bool HasPenalties => RepeatLastN != 0 && (RepeatPenalty != 1 || FrequencyPenalty != 0 || PresencePenalty != 0);

    /// <summary>Whether DRY is on.</summary>
    public bool HasDry => DryMultiplier > 0 && DryBase >= 1 && DryPenaltyLastN != 0;
}
