using ModelRunner.Daemon.Tests.Gguf;

namespace ModelRunner.Daemon.Tests.Engines;

/// <summary>The smallest image projector that llama.cpp loads: one layer, pictures of 28 by 28 pixels, all weights zero.</summary>
internal static class TinyProjector
{
    /// <summary>A red square of 28 by 28 pixels as PNG, in base64.</summary>
    public const string RedSquare = "iVBORw0KGgoAAAANSUhEUgAAABwAAAAcCAIAAAD9b0jDAAAAJElEQVR42mM4IRdFdcQwauiooaOGjho6auiooaOGjho6MgwFAN0v1C7eobi1AAAAAElFTkSuQmCC";

    private const ulong Width = 32;
    private const ulong Inner = 64;
    private const ulong Pixels = 28;
    private const ulong Patch = 14;

    /// <param name="width">The length of the text model's vectors.</param>
    public static byte[] Build(uint width)
    {
        GgufBuilder file = new GgufBuilder()
            .Text("general.architecture", "clip").Bool("clip.has_vision_encoder", true).Text("clip.projector_type", "mlp").Bool("clip.use_gelu", true)
            .UInt32("clip.vision.image_size", (uint)Pixels).UInt32("clip.vision.patch_size", (uint)Patch)
            .UInt32("clip.vision.embedding_length", (uint)Width).UInt32("clip.vision.feed_forward_length", (uint)Inner)
            .UInt32("clip.vision.block_count", 1).UInt32("clip.vision.projection_dim", width).UInt32("clip.vision.attention.head_count", 2)
            .Float32("clip.vision.attention.layer_norm_epsilon", 1e-5f)
            .Float32s("clip.vision.image_mean", 0.5f, 0.5f, 0.5f).Float32s("clip.vision.image_std", 0.5f, 0.5f, 0.5f)
            .Tensor("v.class_embd", 0, Width).Tensor("v.patch_embd.weight", 0, Patch, Patch, 3, Width)
            .Tensor("v.position_embd.weight", 0, Width, (Pixels / Patch * (Pixels / Patch)) + 1);
        foreach (string norm in (string[])["v.pre_ln", "v.blk.0.ln1", "v.blk.0.ln2"])
            file.Tensor(norm + ".weight", 0, Width).Tensor(norm + ".bias", 0, Width);
        foreach (string name in (string[])["attn_q", "attn_k", "attn_v", "attn_out"])
            AddLinear(file, "v.blk.0." + name, Width, Width);
        AddLinear(file, "v.blk.0.ffn_up", Width, Inner);
        AddLinear(file, "v.blk.0.ffn_down", Inner, Width);
        AddLinear(file, "mm.0", Width, width);
        AddLinear(file, "mm.2", width, width);
        return file.Build();
    }

    private static void AddLinear(GgufBuilder file, string name, ulong from, ulong to) =>
        file.Tensor(name + ".weight", 0, from, to).Tensor(name + ".bias", 0, to);
}
