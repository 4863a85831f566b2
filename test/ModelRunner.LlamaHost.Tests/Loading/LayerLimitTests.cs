using CsCheck;
using ModelRunner.LlamaHost.Loading;
using ModelRunner.Testing;

namespace ModelRunner.LlamaHost.Tests.Loading;

public sealed class LayerLimitTests
{
    [Theory]
    [InlineData("tiny-chat.gguf", 4)]
    [InlineData("tiny-embed.gguf", 2)]
    public void The_layers_are_read(string file, long layers)
    {
        using FileStream stream = File.OpenRead(Path.Join(AppContext.BaseDirectory, "models", file));

        Assert.Equal(layers, LayerLimit.ReadLayers(stream));
    }

    [Fact]
    public void A_file_cut_anywhere_is_no_reason_to_throw()
    {
        byte[] head = File.ReadAllBytes(HostProcess.ChatModel)[..1000];
        for (int length = 0; length < head.Length; length++)
        {
            using var stream = new MemoryStream(head, 0, length);
            Assert.Null(LayerLimit.ReadLayers(stream));
        }
    }

    [Fact]
    public void Changed_bytes_are_no_reason_to_throw()
    {
        byte[] model = File.ReadAllBytes(HostProcess.ChatModel);
        Gen.Select(Gen.Int[0, 999], Gen.Byte).Array[1, 8].Sample(changes =>
        {
            byte[] changed = [.. model];
            foreach ((int at, byte value) in changes)
                changed[at] = value;
            using var stream = new MemoryStream(changed);
            LayerLimit.ReadLayers(stream);
        });
    }
}
