namespace ModelRunner.Telemetry;

/// <summary>The token counts and the end of a response, as the engine reported them. No count is negative.</summary>
public readonly record struct ResponseFigures
{
    /// <summary>Where the counts come from.</summary>
    public FigureSource Source { get; init; }

    /// <summary>
    /// Tokens of the prompt that were computed, without <see cref="CachedTokens"/>. Several choices of a stream share one prompt, which counts
    /// once.
    /// </summary>
    public long PromptTokens { get; init; }

    /// <summary>Tokens of the prompt that came from a cache.</summary>
    public long CachedTokens { get; init; }

    /// <summary>Generated tokens of all choices.</summary>
    public long GeneratedTokens { get; init; }

    /// <summary>Tokens that a draft model proposed.</summary>
    public long DraftTokens { get; init; }

    /// <summary>Proposed tokens that the model accepted. They are generated tokens as well.</summary>
    public long AcceptedDraftTokens { get; init; }

    /// <summary>Why the engine ended the response; of several choices, the reason of the first one that has a reason.</summary>
    public FinishReason Finish { get; init; }

    /// <summary>
    /// The tokens that the engine had in the context at the end: prompt, cached and generated ones. Null if the counts do not come from the engine's
    /// own timings, or if there were several choices.
    /// </summary>
    public long? ContextTokens { get; init; }

    /// <summary>Whether the engine left out a part of the prompt or of the context, as llama-server's own format reports it.</summary>
    public bool IsTruncated { get; init; }

    /// <summary>
    /// Whether the counts leave out a part of the response. llama-server's JSON for several choices counts only the first one, and of more than
    /// <see cref="ResponseReader.MaxChoices"/> choices the rest is not read.
    /// </summary>
    public bool IsPartial { get; init; }

    /// <summary>
    /// Whether a part of the response could not be read, because it is invalid JSON, nested too deeply or incomplete. That part is not counted.
    /// </summary>
    public bool IsLost { get; init; }

    /// <summary>
    /// What the timings count minus what <c>usage</c> of the same response counts. The prompt includes cached tokens here. Null if one of both is
    /// missing, and for several choices of a stream.
    /// </summary>
    public (long Prompt, long Generated)? UsageDrift { get; init; }

    /// <summary>Events with content, reasoning or a part of a tool call; 0 if the response is not a stream.</summary>
    internal long ContentEvents { get; init; }

    /// <summary>Whether the engine reported an error in the response.</summary>
    internal bool HasError { get; init; }
}
