namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>
/// Watches a stream of completions for its end. OpenAI's streams end with <c>[DONE]</c>; servers that leave it out still give a
/// <c>finish_reason</c> in one of the last events. A stream of choices with neither, and without an error, is not whole, however well its
/// connection ended.
/// </summary>
/// <remarks>A text of the model cannot look like one of these keys: quotes within JSON texts have a backslash in front.</remarks>
internal sealed class CompletionEnd
{
    private bool _hasChoices;
    private bool _hasEnd;

    /// <summary>Whether choices were seen and no end.</summary>
    public bool IsMissing => _hasChoices && !_hasEnd;

    /// <summary>Whether the streams of a route are of this kind.</summary>
    /// <param name="path">The route at the runner.</param>
    public static bool IsKnownOn(string path) => path.EndsWith("/completions", StringComparison.Ordinal);

    /// <summary>Looks at the next whole lines.</summary>
    public void Look(ReadOnlySpan<byte> lines)
    {
        if (_hasEnd)
            return;
        _hasChoices = _hasChoices || lines.IndexOf("\"choices\""u8) >= 0;
        _hasEnd = lines.IndexOf("[DONE]"u8) >= 0 || HasText(lines, "\"finish_reason\""u8) || lines.IndexOf("\"error\""u8) >= 0;
    }

    // While a completion goes on, its reason is null.
    private static bool HasText(ReadOnlySpan<byte> lines, ReadOnlySpan<byte> key)
    {
        for (int at = lines.IndexOf(key); at >= 0; at = lines.IndexOf(key))
        {
            lines = lines[(at + key.Length)..];
            if (lines.TrimStart(" :"u8) is [(byte)'"', ..])
                return true;
        }

        return false;
    }
}
