namespace ModelRunner.LlamaHost.Generation;

/// <summary>The result of a request.</summary>
internal sealed record GenerationOutcome
{
    /// <summary>Why it ended.</summary>
    public required FinishReason Reason { get; init; }

    /// <summary>Tokens of the prompt, cached ones included.</summary>
    public required int PromptTokens { get; init; }

    /// <summary>Tokens of the prompt that were found in the slot's cache.</summary>
    public int CachedTokens { get; init; }

    /// <summary>Generated tokens, the end token included.</summary>
    public int PredictedTokens { get; init; }

    /// <summary>Time from getting a slot to the first token.</summary>
    public TimeSpan PromptTime { get; init; }

    /// <summary>Time from the first token to the last.</summary>
    public TimeSpan PredictedTime { get; init; }

    /// <summary>The failure, in one sentence; null: none.</summary>
    public string? Failure { get; init; }

    /// <summary>Whether the request caused the failure, so that the same request would fail again.</summary>
    public bool IsRequestsFault { get; init; }
}
