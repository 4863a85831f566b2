namespace ModelRunner.Telemetry.Reading;

/// <summary>Which members are read at which place, and to which place a member leads.</summary>
internal static class MemberTable
{
    /// <summary>The longest name and the longest text that is read.</summary>
    public const int MaxText = 64;

    /// <summary>The member of this name at this place.</summary>
    public static Member Find(Place place, ReadOnlySpan<byte> name) => place switch
    {
        Place.Root => OfRoot(name),
        Place.Envelope => OfResponse(name),
        Place.Usage => OfUsage(name),
        Place.UsageDetails => name.SequenceEqual("cached_tokens"u8) ? Member.CachedTokens : Member.Other,
        Place.Timings => OfTimings(name),
        Place.Choice => OfChoice(name),
        Place.Delta => OfDelta(name),
        Place.BlockDelta => OfBlockDelta(name),
        Place.IncompleteDetails => name.SequenceEqual("reason"u8) ? Member.IncompleteReason : Member.Other,
        _ => Member.Other,
    };

    /// <summary>The place of a container; <see cref="Place.Outside"/>: it is skipped.</summary>
    public static Place Open(Place parent, Member member, bool isObject) => (parent, member, isObject) switch
    {
        (Place.Outside, _, true) => Place.Root,
        (_, Member.Choices, false) => Place.Choices,
        (Place.Choices, _, true) => Place.Choice,
        (_, Member.Usage, true) => Place.Usage,
        (_, Member.UsageDetails, true) => Place.UsageDetails,
        (_, Member.Timings, true) => Place.Timings,
        (_, Member.Delta, true) => Place.Delta,
        (_, Member.BlockDelta, true) => Place.BlockDelta,
        (_, Member.Envelope, true) => Place.Envelope,
        (_, Member.IncompleteDetails, true) => Place.IncompleteDetails,
        _ => Place.Outside,
    };

    /// <summary>Whether the text of the member is compared with known words.</summary>
    public static bool HasWord(Member member) => member is Member.Type or Member.Finish or Member.Status or Member.IncompleteReason;

    private static Member OfRoot(ReadOnlySpan<byte> name)
    {
        if (name.SequenceEqual("choices"u8))
            return Member.Choices;
        if (name.SequenceEqual("timings"u8))
            return Member.Timings;
        if (name.SequenceEqual("type"u8))
            return Member.Type;
        if (name.SequenceEqual("index"u8))
            return Member.Index;
        if (name.SequenceEqual("content"u8))
            return Member.Content;
        if (name.SequenceEqual("delta"u8))
            return Member.BlockDelta;
        if (name.SequenceEqual("truncated"u8))
            return Member.Truncated;
        if (name.SequenceEqual("message"u8) || name.SequenceEqual("response"u8))
            return Member.Envelope;
        return name.SequenceEqual("stop_type"u8) ? Member.Finish : OfResponse(name);
    }

    private static Member OfResponse(ReadOnlySpan<byte> name)
    {
        if (name.SequenceEqual("usage"u8))
            return Member.Usage;
        if (name.SequenceEqual("error"u8))
            return Member.Error;
        if (name.SequenceEqual("stop_reason"u8))
            return Member.Finish;
        if (name.SequenceEqual("status"u8))
            return Member.Status;
        return name.SequenceEqual("incomplete_details"u8) ? Member.IncompleteDetails : Member.Other;
    }

    private static Member OfUsage(ReadOnlySpan<byte> name)
    {
        if (name.SequenceEqual("prompt_tokens"u8))
            return Member.PromptTokens;
        if (name.SequenceEqual("completion_tokens"u8))
            return Member.CompletionTokens;
        if (name.SequenceEqual("total_tokens"u8))
            return Member.TotalTokens;
        if (name.SequenceEqual("input_tokens"u8))
            return Member.InputTokens;
        if (name.SequenceEqual("output_tokens"u8))
            return Member.OutputTokens;
        if (name.SequenceEqual("cache_read_input_tokens"u8))
            return Member.CacheRead;
        if (name.SequenceEqual("cache_creation_input_tokens"u8))
            return Member.CacheCreation;
        return name.SequenceEqual("prompt_tokens_details"u8) || name.SequenceEqual("input_tokens_details"u8) ? Member.UsageDetails : Member.Other;
    }

    private static Member OfTimings(ReadOnlySpan<byte> name)
    {
        if (name.SequenceEqual("prompt_n"u8))
            return Member.PromptN;
        if (name.SequenceEqual("cache_n"u8))
            return Member.CacheN;
        if (name.SequenceEqual("predicted_n"u8))
            return Member.PredictedN;
        if (name.SequenceEqual("draft_n"u8))
            return Member.DraftN;
        return name.SequenceEqual("draft_n_accepted"u8) ? Member.DraftAccepted : Member.Other;
    }

    private static Member OfChoice(ReadOnlySpan<byte> name)
    {
        if (name.SequenceEqual("delta"u8) || name.SequenceEqual("message"u8))
            return Member.Delta;
        if (name.SequenceEqual("index"u8))
            return Member.Index;
        if (name.SequenceEqual("finish_reason"u8))
            return Member.Finish;
        return name.SequenceEqual("text"u8) ? Member.Content : Member.Other;
    }

    private static Member OfDelta(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("content"u8) || name.SequenceEqual("reasoning_content"u8) || name.SequenceEqual("reasoning"u8)
        || name.SequenceEqual("tool_calls"u8) || name.SequenceEqual("function_call"u8) || name.SequenceEqual("refusal"u8)
            ? Member.Content
            : Member.Other;

    private static Member OfBlockDelta(ReadOnlySpan<byte> name)
    {
        if (name.SequenceEqual("text"u8) || name.SequenceEqual("thinking"u8) || name.SequenceEqual("partial_json"u8))
            return Member.Content;
        return name.SequenceEqual("stop_reason"u8) ? Member.Finish : Member.Other;
    }
}
