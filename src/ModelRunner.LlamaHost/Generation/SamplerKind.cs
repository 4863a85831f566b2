namespace ModelRunner.LlamaHost.Generation;

/// <summary>The samplers that a request can list and order.</summary>
internal enum SamplerKind
{
    /// <summary>Repetition, frequency and presence penalties.</summary>
    Penalties,

    /// <summary>The DRY penalty for repeated sequences.</summary>
    Dry,

    /// <summary>Tokens within some standard deviations of the best.</summary>
    TopNSigma,

    /// <summary>The k most likely tokens.</summary>
    TopK,

    /// <summary>Locally typical tokens.</summary>
    TypicalP,

    /// <summary>The most likely tokens up to a share of probability.</summary>
    TopP,

    /// <summary>Tokens above a share of the best one's probability.</summary>
    MinP,

    /// <summary>Excludes the top choices by chance.</summary>
    Xtc,

    /// <summary>The temperature, fixed or dynamic.</summary>
    Temperature,

    /// <summary>Tokens near a target probability; it makes the final choice.</summary>
    AdaptiveP,
}
