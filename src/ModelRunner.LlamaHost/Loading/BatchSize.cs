namespace ModelRunner.LlamaHost.Loading;

/// <summary>How many tokens one decode call takes.</summary>
internal static class BatchSize
{
    /// <summary>
    /// The most tokens for text. Later requests cannot join a running call, so this bounds their wait.
    /// </summary>
    public const int MaxForText = 512;

    /// <summary>
    /// Chooses the size. Text is computed in steps, but a vector needs its whole input in one call, so there the size follows the context of
    /// a slot. It is at least one token for each slot: llama.cpp ends the process if it is smaller.
    /// </summary>
    /// <param name="asked">The value of the command line; 0: not set.</param>
    /// <param name="isEmbedding">Whether the model makes vectors.</param>
    /// <param name="contextSize">Tokens of context over all slots.</param>
    /// <param name="slots">The number of slots.</param>
    public static int Choose(int asked, bool isEmbedding, int contextSize, int slots)
    {
        int size = isEmbedding
            ? (asked > 0 ? asked : Math.Max(MaxForText, contextSize / slots))
            : Math.Min(asked > 0 ? asked : MaxForText, MaxForText);
        return Math.Max(size, slots);
    }
}
