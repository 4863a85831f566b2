namespace ModelRunner.Daemon.Tests.Gguf;

/// <summary>A model of 46 MB with weights of 0, whose prompts cost more time than its load. It has the words of <see cref="ShapeModels"/>.</summary>
internal static class HeavyModel
{
    private const uint Width = 256;
    private const uint Forward = 768;
    private const uint Heads = 8;
    private const int Layers = 13;
    private const uint Words = 600;

    public static byte[] Build()
    {
        return ShapeModels.AddVocabulary(new GgufBuilder(), Words).Text("general.architecture", "llama").UInt32("llama.block_count", Layers).UInt32("llama.context_length", 8192)
            .UInt32("llama.embedding_length", Width).UInt32("llama.feed_forward_length", Forward).UInt32("llama.attention.head_count", Heads)
            .UInt32("llama.attention.head_count_kv", Heads).UInt32("llama.rope.dimension_count", Width / Heads)
            .Float32("llama.attention.layer_norm_rms_epsilon", 1e-5f)
            .Tensor("token_embd.weight", 0, Width, Words).Tensor("output_norm.weight", 0, Width)
            .Each(Layers, static (model, layer) => AddLayer(model, $"blk.{layer}."))
            .Tensor("output.weight", 0, Width, Words).Build();
    }

    private static GgufBuilder AddLayer(GgufBuilder model, string layer) => model
        .Tensor($"{layer}attn_norm.weight", 0, Width).Tensor($"{layer}attn_q.weight", 0, Width, Width).Tensor($"{layer}attn_k.weight", 0, Width, Width)
        .Tensor($"{layer}attn_v.weight", 0, Width, Width).Tensor($"{layer}attn_output.weight", 0, Width, Width).Tensor($"{layer}ffn_norm.weight", 0, Width)
        .Tensor($"{layer}ffn_gate.weight", 0, Width, Forward).Tensor($"{layer}ffn_up.weight", 0, Width, Forward)
        .Tensor($"{layer}ffn_down.weight", 0, Forward, Width);
}
