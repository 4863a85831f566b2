using ModelRunner.Daemon.Tests.Gguf;

namespace ModelRunner.Daemon.Tests.Engines;

/// <summary>The smallest model of BERT's kind that llama.cpp loads: one layer, one word, all weights zero, and a context of any length.</summary>
internal static class TinyEmbedder
{
    private const ulong Width = 32;

    public static byte[] Build(uint context)
    {
        string[] tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "\u2581a"];
        GgufBuilder file = new GgufBuilder()
            .Text("general.architecture", "bert").UInt32("bert.context_length", context).UInt32("bert.embedding_length", (uint)Width)
            .UInt32("bert.block_count", 1).UInt32("bert.feed_forward_length", (uint)Width).UInt32("bert.attention.head_count", 2)
            .Float32("bert.attention.layer_norm_epsilon", 1e-5f).Bool("bert.attention.causal", false).UInt32("bert.pooling_type", 1)
            .Text("tokenizer.ggml.model", "bert").Text("tokenizer.ggml.pre", "default").UInt32("tokenizer.ggml.token_type_count", 2)
            .Texts("tokenizer.ggml.tokens", tokens).Int32s("tokenizer.ggml.token_type", 3, 2, 3, 3, 3, 1)
            .UInt32("tokenizer.ggml.bos_token_id", 2).UInt32("tokenizer.ggml.eos_token_id", 3).UInt32("tokenizer.ggml.cls_token_id", 2)
            .UInt32("tokenizer.ggml.seperator_token_id", 3).UInt32("tokenizer.ggml.unknown_token_id", 1)
            .UInt32("tokenizer.ggml.padding_token_id", 0).UInt32("tokenizer.ggml.mask_token_id", 4)
            .Tensor("token_embd.weight", 0, Width, (ulong)tokens.Length).Tensor("token_types.weight", 0, Width, 2)
            .Tensor("position_embd.weight", 0, Width, context);
        AddVectors(file, "token_embd_norm", "blk.0.attn_output_norm", "blk.0.layer_output_norm");
        foreach (string name in (string[])["attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_down"])
            file.Tensor($"blk.0.{name}.weight", 0, Width, Width).Tensor($"blk.0.{name}.bias", 0, Width);
        return file.Build();
    }

    private static void AddVectors(GgufBuilder file, params string[] names)
    {
        foreach (string name in names)
            file.Tensor(name + ".weight", 0, Width).Tensor(name + ".bias", 0, Width);
    }
}
