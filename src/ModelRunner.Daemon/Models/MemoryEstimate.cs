namespace ModelRunner.Daemon.Models;

/// <summary>
/// How much memory a runner will take, before it is started: the weights, the KV cache for the context of all slots, the buffer for one
/// batch and the process itself. The scheduler corrects it by what it sees later.
/// </summary>
internal static class MemoryEstimate
{
    /// <summary>What an engine takes without a model: 18 to 30 MiB were measured for llama-host and llama-server.</summary>
    private const long ProcessBytes = 30L << 20;

    /// <summary>The cache holds 16-bit floats unless arguments say otherwise; a smaller type makes the estimate a safe one.</summary>
    private const long BytesPerCacheElement = 2;

    private const long BatchTokens = 512;

    /// <summary>Bytes of a runner with a context of so many tokens in all; saturates instead of overflowing.</summary>
    public static long Bytes(GgufHeader header, long weightBytes, long contextTokens)
    {
        // Logits of a batch, and a handful of activations as wide as the model.
        double batch = BatchTokens * sizeof(float) * (header.VocabularySize + (8.0 * header.EmbeddingLength));
        double cache = (double)header.CacheElementsPerToken * BytesPerCacheElement * contextTokens;
        double total = ProcessBytes + weightBytes + cache + batch;
        return total < long.MaxValue ? (long)total : long.MaxValue;
    }
}
