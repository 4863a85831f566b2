using ModelRunner.Gguf;

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

    /// <summary>Tokens of one batch where nobody said otherwise.</summary>
    public const long DefaultBatchTokens = 512;

    /// <summary>Bytes of a runner with a context of so many tokens in all; saturates instead of overflowing.</summary>
    /// <param name="header">What the head of the model's file says.</param>
    /// <param name="weightBytes">Bytes of the model's files, the image projector included.</param>
    /// <param name="contextTokens">Tokens of context, all slots together.</param>
    /// <param name="batchTokens">Tokens that are computed at once.</param>
    public static long Bytes(GgufHeader header, long weightBytes, long contextTokens, long batchTokens = DefaultBatchTokens)
    {
        // Logits of a batch, and a handful of activations as wide as the model.
        double batch = sizeof(float) * ((DefaultBatchTokens * (double)header.VocabularySize) + (batchTokens * 8.0 * header.EmbeddingLength));
        double cache = (double)header.CacheElementsPerToken * BytesPerCacheElement * contextTokens;
        double total = ProcessBytes + weightBytes + cache + batch;
        return total < long.MaxValue ? (long)total : long.MaxValue;
    }
}
