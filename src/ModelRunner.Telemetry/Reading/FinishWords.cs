namespace ModelRunner.Telemetry.Reading;

/// <summary>The words of engines for the end of a response.</summary>
internal static class FinishWords
{
    /// <summary>
    /// The reason that a word means: OpenAI's <c>finish_reason</c>, Anthropic's <c>stop_reason</c>, the <c>reason</c> of OpenAI's incomplete
    /// responses, or llama-server's <c>stop_type</c>.
    /// </summary>
    public static FinishReason Read(ReadOnlySpan<byte> word)
    {
        if (word.IsEmpty || word.SequenceEqual("none"u8))
            return FinishReason.None;
        if (word.SequenceEqual("stop"u8) || word.SequenceEqual("end_turn"u8) || word.SequenceEqual("stop_sequence"u8)
            || word.SequenceEqual("eos"u8) || word.SequenceEqual("word"u8))
            return FinishReason.Stop;
        if (word.SequenceEqual("length"u8) || word.SequenceEqual("max_tokens"u8) || word.SequenceEqual("max_output_tokens"u8)
            || word.SequenceEqual("limit"u8))
            return FinishReason.Length;
        if (word.SequenceEqual("tool_calls"u8) || word.SequenceEqual("tool_use"u8) || word.SequenceEqual("function_call"u8))
            return FinishReason.ToolCalls;
        if (word.SequenceEqual("content_filter"u8) || word.SequenceEqual("refusal"u8))
            return FinishReason.ContentFilter;
        return word.SequenceEqual("error"u8) ? FinishReason.Error : FinishReason.Other;
    }

    /// <summary>The reason that the <c>status</c> of one of OpenAI's responses means.</summary>
    /// <param name="status">The status.</param>
    /// <param name="incomplete">Why the response is incomplete.</param>
    public static FinishReason ReadStatus(ResponseStatus status, FinishReason incomplete) => status switch
    {
        ResponseStatus.Completed => FinishReason.Stop,
        ResponseStatus.Incomplete => incomplete == FinishReason.None ? FinishReason.Other : incomplete,
        ResponseStatus.Failed => FinishReason.Error,
        _ => FinishReason.None,
    };

    /// <summary>Reads that status.</summary>
    public static ResponseStatus ReadStatus(ReadOnlySpan<byte> word)
    {
        if (word.SequenceEqual("completed"u8))
            return ResponseStatus.Completed;
        if (word.SequenceEqual("incomplete"u8))
            return ResponseStatus.Incomplete;
        return word.SequenceEqual("failed"u8) ? ResponseStatus.Failed : ResponseStatus.Unknown;
    }

    /// <summary>Reads the <c>type</c> of an event.</summary>
    public static EventKind ReadType(ReadOnlySpan<byte> word)
    {
        if (word.SequenceEqual("error"u8))
            return EventKind.Error;
        if (word.SequenceEqual("message_stop"u8) || word.SequenceEqual("response.completed"u8) || word.SequenceEqual("response.incomplete"u8)
            || word.SequenceEqual("response.failed"u8))
            return EventKind.End;
        return word.SequenceEqual("content_block_delta"u8) || (word.StartsWith("response."u8) && word.EndsWith(".delta"u8))
            ? EventKind.Delta
            : EventKind.Other;
    }
}
