namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>
/// Checks that a stream of completions is complete. OpenAI's streams end with <c>[DONE]</c>; servers that omit it still send a
/// <c>finish_reason</c> in one of the last events. A stream of choices with neither, and without an error, is incomplete, even if its
/// connection ended normally. The text of a model cannot look like one of the keys: a quote within a JSON string has a backslash in front.
/// </summary>
internal sealed class CompletionEnd
{
    private bool _hasChoices;
    private bool _hasEnd;

    /// <summary>Whether choices were seen and no end.</summary>
    public bool IsMissing => _hasChoices && !_hasEnd;

    /// <summary>Whether a route sends such streams.</summary>
    /// <param name="path">The route at the runner.</param>
    public static bool IsKnownOn(string path) => path.EndsWith("/completions", StringComparison.Ordinal);

    /// <summary>Reads the next whole lines.</summary>
    public void Look(ReadOnlySpan<byte> lines)
    {
        if (_hasEnd)
            return;
        _hasChoices = _hasChoices || lines.IndexOf("\"choices\""u8) >= 0;
        _hasEnd = HasDone(lines) || HasValue(lines, "\"finish_reason\""u8) || HasValue(lines, "\"error\""u8);
    }

    // The text of a model may contain the word, so it counts only as the whole data of an event.
    private static bool HasDone(ReadOnlySpan<byte> lines)
    {
        if (lines.IndexOf("[DONE]"u8) < 0)
            return false;
        foreach (Range range in lines.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = lines[range];
            if (line.StartsWith("data:"u8) && line["data:"u8.Length..].Trim(" \r"u8).SequenceEqual("[DONE]"u8))
                return true;
        }

        return false;
    }

    // Until a completion ends, its reason is null. Some servers send a null error in each event.
    private static bool HasValue(ReadOnlySpan<byte> lines, ReadOnlySpan<byte> key)
    {
        for (int at = lines.IndexOf(key); at >= 0; at = lines.IndexOf(key))
        {
            lines = lines[(at + key.Length)..];
            if (lines.TrimStart(" :"u8) is [not (byte)'n', ..])
                return true;
        }

        return false;
    }
}
