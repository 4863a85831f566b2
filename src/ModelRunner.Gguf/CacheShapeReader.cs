using System.Collections.Frozen;

namespace ModelRunner.Gguf;

/// <summary>
/// Finds out what each layer of a model keeps, by the rules with which llama.cpp reads a file. What is unknown counts as full attention,
/// which needs the most memory.
/// </summary>
internal static class CacheShapeReader
{

    // llama.cpp gives these no cache: they read the whole text at once.
    private static readonly FrozenSet<string> WithoutCache = new[]
    {
        "bert", "modern-bert", "nomic-bert", "nomic-bert-moe", "neo-bert", "jina-bert-v2", "jina-bert-v3", "eurobert", "gemma-embedding",
        "wavtokenizer-dec", "dream", "llada", "llada-moe", "rnd1",
    }.ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenSet<string> OnlyRecurrent =
        new[] { "mamba", "mamba2", "rwkv6", "rwkv6qwen2", "rwkv7", "arwkv7" }.ToFrozenSet(StringComparer.Ordinal);

    // With the period N, every N-th layer has full attention and the others a window. These are used for files without a pattern.
    // With the interval N, every N-th layer has attention and the others a state. Early files of these architectures do not have it.
    private static readonly FrozenDictionary<string, long> AttentionIntervals = new Dictionary<string, long>(StringComparer.Ordinal)
    {
        ["qwen3next"] = 4, ["qwen35"] = 4, ["qwen35moe"] = 4,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, long> WindowPeriods = new Dictionary<string, long>(StringComparer.Ordinal)
    {
        ["gemma2"] = 2, ["gemma3"] = 6, ["gemma3n"] = 5, ["gpt-oss"] = 2, ["cohere2"] = 4, ["llama4"] = 4, ["exaone4"] = 4, ["olmo2"] = 4,
        ["afmoe"] = 4,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Whether the model reads the whole text at once and keeps nothing.</summary>
    public static bool IsWithoutCache(string architecture) => WithoutCache.Contains(architecture);

    /// <summary>Reads the shape.</summary>
    /// <exception cref="OverflowException">The numbers are impossible.</exception>
    public static CacheShape Read(GgufMetadata metadata)
    {
        if (IsWithoutCache(metadata.Architecture))
            return new CacheShape();

        var shape = new CacheShape { Window = FindWindow(metadata) };
        long layers = Math.Min(metadata.Find("block_count"), GgufHeader.MaxLayers);
        long attending = FindAttendingLayers(metadata, layers);
        for (long layer = 0; layer < layers; layer++)
        {
            bool isRecurrent = IsRecurrent(metadata, layer);
            if (isRecurrent || metadata.Architecture == "falcon-h1")
                shape = shape with { State = checked(shape.State + StateOf(metadata, layer)) };
            if (!isRecurrent && layer < attending)
                shape = AddAttention(shape, metadata, layer);
        }

        return shape;
    }

    private static CacheShape AddAttention(CacheShape shape, GgufMetadata metadata, long layer)
    {
        bool hasWindow = shape.Window > 0 && HasWindow(metadata, layer);
        long heads = metadata.FindOfLayer("attention.head_count", layer, 0);
        long cachedHeads = metadata.FindOfLayer("attention.head_count_kv", layer, heads);
        long length = heads > 0 ? metadata.Find("embedding_length") / heads : 0;
        long keys = checked(cachedHeads * LengthOf("key_length"));

        // With multi-head latent attention the values are a part of the keys. Some of these models also keep keys by which they choose tokens.
        bool isLatent = metadata.Has("attention.key_length_mla");
        keys = checked(keys + (isLatent ? metadata.Find("attention.indexer.key_length") : 0));
        long values = isLatent ? 0 : checked(cachedHeads * LengthOf("value_length"));
        return hasWindow
            ? shape with { WindowKeys = checked(shape.WindowKeys + keys), WindowValues = checked(shape.WindowValues + values) }
            : shape with { FullKeys = checked(shape.FullKeys + keys), FullValues = checked(shape.FullValues + values) };

        long LengthOf(string name)
        {
            long full = metadata.FindOr($"attention.{name}", length);
            return Math.Max(0, hasWindow ? metadata.FindOr($"attention.{name}_swa", full) : full);
        }
    }

    private static long FindWindow(GgufMetadata metadata)
    {
        // llama.cpp uses this length whatever the file says, unless that is 0.
        if (metadata.Architecture == "llama4")
            return metadata.Has("attention.sliding_window") && metadata.Find("attention.sliding_window") == 0 ? 0 : 8192;

        // Of this architecture only the large model has windows.
        if (metadata.Architecture == "exaone4" && metadata.Find("block_count") != 64)
            return 0;

        // Some files have the largest 32-bit number where there is no window.
        return metadata.Find("attention.sliding_window") is > 0 and < uint.MaxValue and var window ? window : 0;
    }

    private static bool HasWindow(GgufMetadata metadata, long layer)
    {
        const string Pattern = "attention.sliding_window_pattern";
        if (metadata.FindList(Pattern) is { } list)
            return layer < list.Length && list[layer] != 0;

        long period = metadata.FindOr(Pattern, WindowPeriods.GetValueOrDefault(metadata.Architecture, 1));
        return period > 1 && layer % period < period - 1;
    }

    private static bool IsRecurrent(GgufMetadata metadata, long layer)
    {
        if (OnlyRecurrent.Contains(metadata.Architecture))
            return true;
        if (metadata.Architecture == "falcon-h1" || !HasState(metadata))
            return false;

        if (metadata.FindList("attention.recurrent_layers") is { } recurrent)
            return layer < recurrent.Length && recurrent[layer] != 0;

        // With full_attention_interval N, every N-th layer has attention. Without it, layers whose head_count_kv is 0 are recurrent, except
        // those that have only a feed-forward part.
        if (metadata.FindOr("full_attention_interval", AttentionIntervals.GetValueOrDefault(metadata.Architecture)) is > 0 and var interval)
            return (layer + 1) % interval != 0;
        if (metadata.FindList("attention.head_count_kv") is not { } heads || (layer < heads.Length && heads[layer] != 0))
            return false;
        return !HasOnlyForward(metadata, layer);
    }

    private static bool HasOnlyForward(GgufMetadata metadata, long layer) =>
        metadata.Architecture.StartsWith("nemotron_h", StringComparison.Ordinal) && metadata.FindOfLayer("feed_forward_length", layer, 0) > 0;

    private static bool HasState(GgufMetadata metadata) =>
        metadata.Find("ssm.inner_size") > 0 || metadata.Find("wkv.head_size") > 0 || metadata.Find("shortconv.l_cache") > 0
        || metadata.Find("kda.head_dim") > 0;

    // The last layers of some models use the cache of earlier ones.
    private static long FindAttendingLayers(GgufMetadata metadata, long layers) =>
        metadata.Architecture == "gemma3n" ? Math.Min(layers, 20) : Math.Max(0, layers - metadata.Find("attention.shared_kv_layers"));

    private static long StateOf(GgufMetadata metadata, long layer)
    {
        long width = metadata.Find("embedding_length");
        if (metadata.Find("wkv.head_size") is > 0 and var headSize)
            return checked((metadata.FindOr("token_shift_count", 2) + headSize) * width);
        if (metadata.Find("shortconv.l_cache") is > 0 and var length)
            return checked((length - 1) * width);

        long kernel = metadata.Find("ssm.conv_kernel");
        if (metadata.Find("kda.head_dim") is > 0 and var head)
        {
            long inner = checked(metadata.FindOfLayer("attention.head_count", layer, 0) * head);
            return checked((3 * Math.Max(0, kernel - 1) * inner) + (inner * head));
        }

        long size = metadata.Find("ssm.inner_size");
        long state = metadata.Find("ssm.state_size");
        long convolution = checked(Math.Max(0, kernel - 1) * (size + (2 * metadata.Find("ssm.group_count") * state)));
        return checked(convolution + (state * size));
    }
}
