namespace ModelRunner.Telemetry.Reading;

/// <summary>A container of a response that is read. All others are skipped.</summary>
internal enum Place : byte
{
    /// <summary>Outside of any container.</summary>
    Outside,

    /// <summary>The outermost object.</summary>
    Root,

    /// <summary>The object that is a whole response inside an event: Anthropic's <c>message</c>, OpenAI's <c>response</c>.</summary>
    Envelope,

    /// <summary><c>usage</c></summary>
    Usage,

    /// <summary><c>prompt_tokens_details</c> or <c>input_tokens_details</c></summary>
    UsageDetails,

    /// <summary><c>timings</c></summary>
    Timings,

    /// <summary>The array <c>choices</c>.</summary>
    Choices,

    /// <summary>An element of it.</summary>
    Choice,

    /// <summary><c>delta</c> or <c>message</c> of a choice.</summary>
    Delta,

    /// <summary><c>delta</c> of Anthropic's events.</summary>
    BlockDelta,

    /// <summary><c>incomplete_details</c></summary>
    IncompleteDetails,
}
