namespace ModelRunner.Telemetry.Reading;

/// <summary>A member that is read, at its place. The counts come first, in the order of <see cref="Counts"/>.</summary>
internal enum Member : byte
{
    PromptN,
    CacheN,
    PredictedN,
    DraftN,
    DraftAccepted,
    PromptTokens,
    InputTokens,
    CompletionTokens,
    OutputTokens,
    TotalTokens,
    CachedTokens,
    CacheRead,
    CacheCreation,

    Index,
    Usage,
    UsageDetails,
    Timings,
    Choices,
    Delta,
    BlockDelta,
    Envelope,
    IncompleteDetails,

    /// <summary>Content of the response if it is not empty.</summary>
    Content,
    Error,
    Type,
    Finish,
    Status,
    IncompleteReason,
    Truncated,

    /// <summary>Any other member, and an element of an array.</summary>
    Other,
}
