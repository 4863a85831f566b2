namespace ModelRunner.Gguf;

/// <summary>What a model needs while it computes a batch.</summary>
/// <param name="Width">
/// Numbers that exist at once for one token of the batch, without those that depend on the length of the context. Measured with llama.cpp,
/// which reuses the memory of one step for the next ones.
/// </param>
/// <param name="Heads">The attention heads of one layer. Without flash attention, each has one number for every pair of tokens.</param>
internal sealed record ComputeShape(long Width, long Heads)
{
    /// <summary>Reads the shape.</summary>
    /// <exception cref="OverflowException">The numbers are impossible.</exception>
    public static ComputeShape Read(GgufMetadata metadata)
    {
        long width = metadata.Find("embedding_length");
        long heads = metadata.FindLargest("attention.head_count");
        long forward = metadata.FindLargest("feed_forward_length");
        long used = metadata.Find("expert_used_count");
        long dense = CacheShapeReader.IsWithoutCache(metadata.Architecture) ? checked((2 * forward) + width) : checked(4 * forward);
        long experts = checked(used * Math.Max(4 * metadata.Find("expert_feed_forward_length"), 2 * width));
        long recurrent = checked(8 * metadata.Find("ssm.inner_size"));
        return new ComputeShape(checked(width + Math.Max(Math.Max(dense, experts), Math.Max(recurrent, LatentAttention(metadata, heads)))), heads);
    }

    // Multi-head latent attention: the queries before and after they are compressed, and the result in both sizes.
    private static long LatentAttention(GgufMetadata metadata, long heads) => metadata.Has("attention.key_length_mla")
        ? checked(heads * (metadata.Find("attention.key_length_mla") + metadata.Find("attention.key_length") + (2 * metadata.Find("attention.value_length"))))
        : 0;
}
