namespace ModelRunner.Daemon.Tests.Gguf;

/// <summary>
/// Models of several architectures that llama.cpp can load, small and with all weights 0. Their layers keep different things for the tokens
/// of a context.
/// </summary>
internal static class ShapeModels
{
    private const uint Width = 128;
    private const uint Forward = 512;
    private const uint Heads = 4;
    private const uint Words = 600;

    /// <summary>The names that <see cref="Build"/> accepts.</summary>
    public static IReadOnlyList<string> Names { get; } = ["llama", "gemma3", "deepseek2", "mamba", "lfm2", "qwen3moe", "bert"];

    /// <summary>Builds the file of a model with 6 layers.</summary>
    /// <param name="architecture">Its name.</param>
    /// <param name="words">The number of tokens in its vocabulary, for <c>llama</c> only.</param>
    public static byte[] Build(string architecture, uint words = Words) => architecture switch
    {
        "llama" => Llama(words),
        "gemma3" => Gemma3(),
        "deepseek2" => DeepSeek2(),
        "mamba" => Mamba(),
        "lfm2" => Lfm2(),
        "qwen3moe" => Qwen3Moe(),
        "bert" => Bert(),
        _ => throw new ArgumentOutOfRangeException(nameof(architecture), architecture, "There is no such model."),
    };

    private static byte[] Llama(uint vocabulary) => Transformer("llama", Heads, cachedHeads: 2, vocabulary)
        .UInt32("llama.rope.dimension_count", Width / Heads).Each(6, static (model, layer) => AddGatedForward(AddAttention(model, layer, 64), layer))
        .Tensor("output.weight", 0, Width, vocabulary).Build();

    // Five layers with a window, and one with full attention.
    private static byte[] Gemma3() => Transformer("gemma3", Heads, cachedHeads: 1)
        .UInt32("gemma3.attention.key_length", 32).UInt32("gemma3.attention.value_length", 32).UInt32("gemma3.attention.sliding_window", 512)
        .Each(6, static (model, layer) => AddGatedForward(AddAttention(model, layer, 32), layer)
            .Tensor($"blk.{layer}.attn_q_norm.weight", 0, 32).Tensor($"blk.{layer}.attn_k_norm.weight", 0, 32)
            .Tensor($"blk.{layer}.post_attention_norm.weight", 0, Width).Tensor($"blk.{layer}.post_ffw_norm.weight", 0, Width)).Build();

    private static byte[] Qwen3Moe() => Transformer("qwen3moe", Heads, cachedHeads: 2)
        .UInt32("qwen3moe.expert_count", 16).UInt32("qwen3moe.expert_used_count", 4).UInt32("qwen3moe.expert_feed_forward_length", 128)
        .UInt32("qwen3moe.attention.key_length", 32).UInt32("qwen3moe.attention.value_length", 32)
        .Each(6, static (model, layer) => AddAttention(model, layer, 64)
            .Tensor($"blk.{layer}.attn_q_norm.weight", 0, 32).Tensor($"blk.{layer}.attn_k_norm.weight", 0, 32)
            .Tensor($"blk.{layer}.ffn_norm.weight", 0, Width).Tensor($"blk.{layer}.ffn_gate_inp.weight", 0, Width, 16)
            .Tensor($"blk.{layer}.ffn_gate_exps.weight", 0, Width, 128, 16).Tensor($"blk.{layer}.ffn_up_exps.weight", 0, Width, 128, 16)
            .Tensor($"blk.{layer}.ffn_down_exps.weight", 0, 128, Width, 16)).Tensor("output.weight", 0, Width, Words).Build();

    // Multi-head latent attention: one compressed key for all heads, and no values.
    private static byte[] DeepSeek2() => Transformer("deepseek2", Heads, cachedHeads: 1)
        .UInt32("deepseek2.leading_dense_block_count", 6).UInt32("deepseek2.expert_feed_forward_length", 128)
        .UInt32("deepseek2.expert_shared_count", 1).Float32("deepseek2.expert_weights_scale", 1)
        .UInt32("deepseek2.attention.key_length", 160).UInt32("deepseek2.attention.value_length", 128)
        .UInt32("deepseek2.attention.key_length_mla", 96).UInt32("deepseek2.attention.value_length_mla", 64)
        .UInt32("deepseek2.attention.kv_lora_rank", 128).UInt32("deepseek2.attention.q_lora_rank", 64)
        .UInt32("deepseek2.rope.dimension_count", 32)
        .Each(6, static (model, layer) => AddGatedForward(model, layer).Tensor($"blk.{layer}.attn_norm.weight", 0, Width)
            .Tensor($"blk.{layer}.attn_q_a.weight", 0, Width, 64).Tensor($"blk.{layer}.attn_q_a_norm.weight", 0, 64)
            .Tensor($"blk.{layer}.attn_q_b.weight", 0, 64, Heads * 96).Tensor($"blk.{layer}.attn_kv_a_mqa.weight", 0, Width, 160)
            .Tensor($"blk.{layer}.attn_kv_a_norm.weight", 0, 128).Tensor($"blk.{layer}.attn_k_b.weight", 0, 64, 128, Heads)
            .Tensor($"blk.{layer}.attn_v_b.weight", 0, 128, 64, Heads).Tensor($"blk.{layer}.attn_output.weight", 0, Heads * 64, Width))
        .Tensor("output.weight", 0, Width, Words).Build();

    private static byte[] Mamba() => Common("mamba").UInt32("mamba.feed_forward_length", 0).UInt32("mamba.attention.head_count", 0)
        .Float32("mamba.attention.layer_norm_rms_epsilon", 1e-5f).UInt32("mamba.ssm.conv_kernel", 4).UInt32("mamba.ssm.inner_size", 256)
        .UInt32("mamba.ssm.state_size", 16).UInt32("mamba.ssm.time_step_rank", 8).Tensor("output_norm.weight", 0, Width)
        .Each(6, static (model, layer) => model.Tensor($"blk.{layer}.attn_norm.weight", 0, Width).Tensor($"blk.{layer}.ssm_in.weight", 0, Width, 512)
            .Tensor($"blk.{layer}.ssm_conv1d.weight", 0, 4, 256).Tensor($"blk.{layer}.ssm_conv1d.bias", 0, 256)
            .Tensor($"blk.{layer}.ssm_x.weight", 0, 256, 40).Tensor($"blk.{layer}.ssm_dt.weight", 0, 8, 256)
            .Tensor($"blk.{layer}.ssm_dt.bias", 0, 256).Tensor($"blk.{layer}.ssm_a", 0, 16, 256).Tensor($"blk.{layer}.ssm_d", 0, 256)
            .Tensor($"blk.{layer}.ssm_out.weight", 0, 256, Width)).Build();

    // Every third layer has attention, the others a short convolution.
    private static byte[] Lfm2() => Common("lfm2").UInt32("lfm2.feed_forward_length", Forward).UInt32("lfm2.attention.head_count", Heads)
        .Int32s("lfm2.attention.head_count_kv", 0, 0, 2, 0, 0, 2).UInt32("lfm2.shortconv.l_cache", 3)
        .Float32("lfm2.attention.layer_norm_rms_epsilon", 1e-5f).Tensor("token_embd_norm.weight", 0, Width)
        .Each(6, static (model, layer) => layer % 3 == 2
            ? AddGatedForward(AddAttention(model, layer, 64), layer)
                .Tensor($"blk.{layer}.attn_q_norm.weight", 0, 32).Tensor($"blk.{layer}.attn_k_norm.weight", 0, 32)
            : AddGatedForward(model, layer).Tensor($"blk.{layer}.attn_norm.weight", 0, Width)
                .Tensor($"blk.{layer}.shortconv.conv.weight", 0, 3, Width).Tensor($"blk.{layer}.shortconv.in_proj.weight", 0, Width, 3 * Width)
                .Tensor($"blk.{layer}.shortconv.out_proj.weight", 0, Width, Width)).Build();

    private static byte[] Bert()
    {
        string[] words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", .. Enumerable.Range(0, (int)Words - 5).Select(static word => $"▁t{word}")];
        return new GgufBuilder().Text("general.architecture", "bert").UInt32("bert.block_count", 6).UInt32("bert.context_length", 2048)
            .UInt32("bert.embedding_length", Width).UInt32("bert.feed_forward_length", Forward).UInt32("bert.attention.head_count", Heads)
            .Bool("bert.attention.causal", value: false).UInt32("bert.pooling_type", 1).Float32("bert.attention.layer_norm_epsilon", 1e-12f)
            .Text("tokenizer.ggml.model", "bert").Texts("tokenizer.ggml.tokens", words)
            .Int32s("tokenizer.ggml.token_type", [.. words.Select(static (_, word) => word < 5 ? 3 : 1)])
            .UInt32("tokenizer.ggml.token_type_count", 2).UInt32("tokenizer.ggml.unknown_token_id", 1).UInt32("tokenizer.ggml.cls_token_id", 2)
            .UInt32("tokenizer.ggml.seperator_token_id", 3).UInt32("tokenizer.ggml.padding_token_id", 0)
            .Tensor("token_embd.weight", 0, Width, Words).Tensor("position_embd.weight", 0, Width, 2048).Tensor("token_types.weight", 0, Width, 2)
            .Tensor("token_embd_norm.weight", 0, Width).Tensor("token_embd_norm.bias", 0, Width)
            .Each(6, static (model, layer) => AddBertLayer(model, $"blk.{layer}.")).Build();
    }

    private static GgufBuilder AddBertLayer(GgufBuilder model, string layer)
    {
        foreach (string name in new[] { "attn_q", "attn_k", "attn_v", "attn_output" })
            model.Tensor($"{layer}{name}.weight", 0, Width, Width).Tensor($"{layer}{name}.bias", 0, Width);
        foreach (string name in new[] { "attn_output_norm", "layer_output_norm" })
            model.Tensor($"{layer}{name}.weight", 0, Width).Tensor($"{layer}{name}.bias", 0, Width);
        return model.Tensor($"{layer}ffn_up.weight", 0, Width, Forward).Tensor($"{layer}ffn_up.bias", 0, Forward)
            .Tensor($"{layer}ffn_down.weight", 0, Forward, Width).Tensor($"{layer}ffn_down.bias", 0, Width);
    }

    private static GgufBuilder Transformer(string architecture, uint heads, uint cachedHeads, uint vocabulary = Words) => Common(architecture, vocabulary)
        .UInt32($"{architecture}.feed_forward_length", Forward).UInt32($"{architecture}.attention.head_count", heads)
        .UInt32($"{architecture}.attention.head_count_kv", cachedHeads).Float32($"{architecture}.attention.layer_norm_rms_epsilon", 1e-5f)
        .Tensor("output_norm.weight", 0, Width);

    private static GgufBuilder Common(string architecture, uint vocabulary = Words)
    {
        GgufBuilder model = new GgufBuilder().Text("general.architecture", architecture).UInt32($"{architecture}.block_count", 6)
            .UInt32($"{architecture}.context_length", 65536).UInt32($"{architecture}.embedding_length", Width)
            .UInt32($"{architecture}.vocab_size", vocabulary);
        return AddVocabulary(model, vocabulary).Tensor("token_embd.weight", 0, Width, vocabulary);
    }

    /// <summary>Adds a vocabulary with the words t0, t1 and so on. Each is about four tokens with the space before it.</summary>
    internal static GgufBuilder AddVocabulary(GgufBuilder model, uint vocabulary)
    {
        string[] words = ["<unk>", "<s>", "</s>", .. Enumerable.Range(0, 256).Select(static value => $"<0x{value:X2}>"),
            .. Enumerable.Range(0, (int)vocabulary - 259).Select(static word => $"t{word}")];
        return model.Text("tokenizer.ggml.model", "llama").Texts("tokenizer.ggml.tokens", words)
            .Float32s("tokenizer.ggml.scores", new float[words.Length])
            .Int32s("tokenizer.ggml.token_type", [.. words.Select(static (_, word) => word switch { 0 => 2, < 3 => 3, < 259 => 6, _ => 1 })])
            .UInt32("tokenizer.ggml.bos_token_id", 1).UInt32("tokenizer.ggml.eos_token_id", 2);
    }

    private static GgufBuilder AddAttention(GgufBuilder model, int layer, uint cachedWidth) => model
        .Tensor($"blk.{layer}.attn_norm.weight", 0, Width).Tensor($"blk.{layer}.attn_q.weight", 0, Width, Width)
        .Tensor($"blk.{layer}.attn_k.weight", 0, Width, cachedWidth).Tensor($"blk.{layer}.attn_v.weight", 0, Width, cachedWidth)
        .Tensor($"blk.{layer}.attn_output.weight", 0, Width, Width);

    private static GgufBuilder AddGatedForward(GgufBuilder model, int layer) => model
        .Tensor($"blk.{layer}.ffn_norm.weight", 0, Width).Tensor($"blk.{layer}.ffn_gate.weight", 0, Width, Forward)
        .Tensor($"blk.{layer}.ffn_up.weight", 0, Width, Forward).Tensor($"blk.{layer}.ffn_down.weight", 0, Forward, Width);
}
