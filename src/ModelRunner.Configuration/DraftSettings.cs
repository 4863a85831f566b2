namespace ModelRunner.Configuration;

/// <summary>
/// The draft model of a model: a small one that proposes the next tokens, which the model then checks in one batch (speculative decoding). Immutable.
/// </summary>
/// <param name="Model">The draft model. Its own settings have no effect on this use.</param>
internal sealed record DraftSettings(ModelReference Model)
{
    /// <summary>The most tokens that may be proposed at once.</summary>
    public const int MostTokens = 256;

    /// <summary>The argument that selects how tokens are drafted.</summary>
    public const string TypeArgument = "--spec-type";

    /// <summary>Its value for a draft model. Without it, a draft model is loaded and never used.</summary>
    public const string DraftType = "draft-simple";

    /// <summary>The argument for <see cref="MaxTokens"/>.</summary>
    public const string TokensArgument = "--spec-draft-n-max";

    /// <summary>The most tokens that are proposed at once, from 1 to <see cref="MostTokens"/>; null: llama-server's default.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>The least probability, from 0 to 1, with which the draft model must expect a token to propose it; null: llama-server's default.</summary>
    public double? MinProbability { get; init; }
}
