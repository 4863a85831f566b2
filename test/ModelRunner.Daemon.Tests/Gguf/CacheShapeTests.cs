using ModelRunner.Gguf;

namespace ModelRunner.Daemon.Tests.Gguf;

/// <summary>What a model keeps for its tokens, by the values of its header. The real llama-server judges whole files in MemoryEstimateTests.</summary>
public sealed class CacheShapeTests
{
    [Theory]
    [InlineData("gemma2", 13, 7, 6)]
    [InlineData("gemma3", 13, 11, 2)]
    [InlineData("gpt-oss", 12, 6, 6)]
    [InlineData("cohere2", 12, 9, 3)]
    [InlineData("llama", 12, 0, 12)]
    [InlineData("a-later-one", 12, 0, 12)]
    public void Layers_with_a_window_follow_the_architecture(string architecture, uint layers, long windowed, long full)
    {
        CacheShape shape = Read(Attention(architecture, layers).UInt32($"{architecture}.attention.sliding_window", 1024));

        Assert.Equal((windowed * 64, windowed * 64), (shape.WindowKeys, shape.WindowValues));
        Assert.Equal((full * 64, full * 64), (shape.FullKeys, shape.FullValues));
    }

    [Fact]
    public void A_pattern_in_the_file_counts_more_than_the_architecture()
    {
        Assert.Equal(4 * 64, Read(Attention("gemma3", 6).UInt32("gemma3.attention.sliding_window", 512)
            .UInt32("gemma3.attention.sliding_window_pattern", 3)).WindowKeys);
        Assert.Equal(1 * 64, Read(Attention("later", 3).UInt32("later.attention.sliding_window", 512)
            .UInt32s("later.attention.sliding_window_pattern", 0, 1, 0)).WindowKeys);
    }

    [Fact]
    public void A_layer_with_a_window_may_have_other_lengths()
    {
        CacheShape shape = Read(Attention("later", 2).UInt32("later.attention.sliding_window", 512).UInt32("later.attention.key_length", 512)
            .UInt32("later.attention.key_length_swa", 256).UInt32s("later.attention.sliding_window_pattern", 1, 0));

        Assert.Equal((2 * 256, 2 * 512), (shape.WindowKeys, shape.FullKeys));
    }

    [Fact]
    public void The_largest_number_is_no_window() =>
        Assert.Equal(0, Read(Attention("gemma3", 6).UInt32("gemma3.attention.sliding_window", uint.MaxValue)).WindowKeys);

    [Fact]
    public void Layers_that_share_the_cache_of_others_have_none()
    {
        Assert.Equal(20 * 64, Read(Attention("gemma3n", 30)).FullKeys);
        Assert.Equal(8 * 64, Read(Attention("later", 10).UInt32("later.attention.shared_kv_layers", 2)).FullKeys);
    }

    [Fact]
    public void A_layer_in_so_many_has_attention_and_the_others_a_state()
    {
        CacheShape shape = Read(Attention("later", 8).UInt32("later.full_attention_interval", 4).UInt32("later.ssm.inner_size", 256)
            .UInt32("later.ssm.state_size", 16).UInt32("later.ssm.conv_kernel", 4).UInt32("later.ssm.group_count", 2));

        Assert.Equal(2 * 64, shape.FullKeys);
        Assert.Equal(6 * ((3 * (256 + (2 * 2 * 16))) + (16 * 256)), shape.State);
    }

    [Fact]
    public void The_interval_of_an_early_file_is_that_of_its_architecture()
    {
        CacheShape shape = Read(Attention("qwen3next", 8).UInt32("qwen3next.ssm.inner_size", 256).UInt32("qwen3next.ssm.state_size", 16));

        Assert.Equal((2 * 64, 6 * 16 * 256), (shape.FullKeys, shape.State));
    }

    [Fact]
    public void A_list_of_recurrent_layers_counts_more_than_an_interval()
    {
        CacheShape shape = Read(Attention("later", 3).UInt32("later.full_attention_interval", 2).UInt32("later.ssm.inner_size", 256)
            .UInt32("later.ssm.state_size", 16).UInt32s("later.attention.recurrent_layers", 1, 1, 0));

        Assert.Equal((64, 2 * 16 * 256), (shape.FullKeys, shape.State));
    }

    [Fact]
    public void A_layer_with_only_a_feed_forward_part_keeps_nothing()
    {
        CacheShape shape = Read(new GgufBuilder().Text("general.architecture", "nemotron_h").UInt32("nemotron_h.block_count", 3)
            .UInt32("nemotron_h.embedding_length", 128).UInt32("nemotron_h.attention.head_count", 4)
            .UInt32s("nemotron_h.attention.head_count_kv", 0, 0, 2).UInt32s("nemotron_h.feed_forward_length", 0, 512, 0)
            .UInt32("nemotron_h.ssm.inner_size", 256).UInt32("nemotron_h.ssm.state_size", 16));

        Assert.Equal((64, 16 * 256), (shape.FullKeys, shape.State));
    }

    [Theory]
    [InlineData("llama4", 48, null, 36)]
    [InlineData("llama4", 48, 0u, 0)]
    [InlineData("exaone4", 64, 4096u, 48)]
    [InlineData("exaone4", 30, 4096u, 0)]
    public void Some_architectures_decide_themselves_whether_they_have_windows(string architecture, uint layers, uint? window, long windowed)
    {
        GgufBuilder file = Attention(architecture, layers);
        if (window is { } length)
            file.UInt32($"{architecture}.attention.sliding_window", length);

        Assert.Equal(windowed * 64, Read(file).WindowKeys);
    }

    [Fact]
    public void Keys_that_choose_tokens_count_beside_latent_attention()
    {
        CacheShape shape = Read(Attention("deepseek2", 2).UInt32("deepseek2.attention.key_length_mla", 192)
            .UInt32("deepseek2.attention.key_length", 576).UInt32("deepseek2.attention.indexer.key_length", 128));

        Assert.Equal((2 * ((2 * 576) + 128), 0), (shape.FullKeys, shape.FullValues));
    }

    [Fact]
    public void Lists_of_many_architectures_are_refused()
    {
        GgufBuilder file = Attention("later", 2);
        for (int i = 0; i < 17; i++)
            file.UInt32s($"decoy{i}.attention.head_count_kv", 1, 1);

        Assert.Equal("is damaged: more than 16 lists of layers", GgufHeaderReader.Read(new MemoryStream(file.Build())).Problem);
    }

    [Fact]
    public void Falcon_has_attention_and_a_state_in_each_layer()
    {
        CacheShape shape = Read(Attention("falcon-h1", 3).UInt32("falcon-h1.ssm.inner_size", 256).UInt32("falcon-h1.ssm.state_size", 16));

        Assert.Equal((3 * 64, 3 * 16 * 256), (shape.FullKeys, shape.State));
    }

    [Fact]
    public void A_model_of_the_rwkv_family_keeps_only_a_state()
    {
        CacheShape shape = Read(Attention("rwkv7", 2).UInt32("rwkv7.wkv.head_size", 64));

        Assert.Equal((0, 2 * (2 + 64) * 128), (shape.FullKeys, shape.State));
    }

    [Fact]
    public void An_encoder_keeps_nothing() => Assert.True(Read(Attention("bert", 12)).IsEmpty);

    [Fact]
    public void Impossible_numbers_are_refused()
    {
        byte[] file = Attention("later", GgufHeader.MaxLayers).UInt32("later.attention.key_length", uint.MaxValue)
            .UInt32("later.ssm.inner_size", uint.MaxValue).UInt32("later.ssm.state_size", uint.MaxValue).UInt32("later.full_attention_interval", 2).Build();

        GgufReadOutcome outcome = GgufHeaderReader.Read(new MemoryStream(file));

        Assert.Equal("is damaged: a size in its header is impossible", outcome.Problem);
    }

    private static CacheShape Read(GgufBuilder file) => GgufHeaderReader.Read(new MemoryStream(file.Build())).Header!.Cache;

    // Two cached heads of 32 numbers.
    private static GgufBuilder Attention(string architecture, uint layers) => new GgufBuilder().Text("general.architecture", architecture)
        .UInt32($"{architecture}.block_count", layers).UInt32($"{architecture}.embedding_length", 128)
        .UInt32($"{architecture}.attention.head_count", 4).UInt32($"{architecture}.attention.head_count_kv", 2);
}
