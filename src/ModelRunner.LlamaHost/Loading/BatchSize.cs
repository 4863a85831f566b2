namespace ModelRunner.LlamaHost.Loading;

/// <summary>How many tokens one decode call takes.</summary>
internal static class BatchSize
{
    /// <summary>
    /// The most for text. A call cannot be shared with later arrivals, so this bounds what they wait.
    /// </summary>
    public const int MaxForText = 512;

    /// <summary>
    /// Chooses the size. Text is computed in steps; but a vector needs its whole input in one call, so the size follows the context of a
    /// slot there. There is always room for one token of each slot: llama.cpp ends the process where there is not.
    /// </summary>
    /// <param name="asked">What the command line said; 0: nothing.</param>
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
