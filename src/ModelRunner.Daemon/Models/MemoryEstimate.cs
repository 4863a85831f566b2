using ModelRunner.Gguf;

namespace ModelRunner.Daemon.Models;

/// <summary>
/// Estimates how much memory a runner will use, before it is started: the weights, the KV cache for the context of all slots, the buffer for
/// one batch and the process itself.
/// </summary>
internal static class MemoryEstimate
{
    /// <summary>The memory of an engine without a model: 18 to 30 MiB were measured for llama-host and llama-server.</summary>
    private const long ProcessBytes = 30L << 20;

    /// <summary>
    /// Bytes of one cache value: 16-bit floats unless arguments say otherwise; with a smaller type the estimate is too high, which is safe.
    /// </summary>
    private const long BytesPerCacheElement = 2;

    /// <summary>The default number of tokens in one batch.</summary>
    public const long DefaultBatchTokens = 512;

    /// <summary>Bytes of a runner with the given total context; saturates instead of overflowing.</summary>
    /// <param name="header">The header of the model's file.</param>
    /// <param name="weightBytes">Bytes of the model's files, the image projector included.</param>
    /// <param name="contextTokens">Tokens of context, all slots together.</param>
    /// <param name="batchTokens">Tokens that are computed at once.</param>
    public static long Bytes(GgufHeader header, long weightBytes, long contextTokens, long batchTokens = DefaultBatchTokens)
    {
        // Logits of a batch, and some activations as wide as the model.
        double batch = sizeof(float) * ((DefaultBatchTokens * (double)header.VocabularySize) + (batchTokens * 8.0 * header.EmbeddingLength));
        double cache = (double)header.CacheElementsPerToken * BytesPerCacheElement * contextTokens;
        double total = ProcessBytes + weightBytes + cache + batch;
        return total < long.MaxValue ? (long)total : long.MaxValue;
    }
}
