using ModelRunner.Gguf;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Gguf;

public sealed class GgufTextsTests
{
    [Fact]
    public void Values_become_texts_and_long_lists_are_left_out()
    {
        byte[] file = GgufBuilder.Llama().Text("general.name", "Otter").UInt32("general.file_type", 15)
            .Texts("short", "a", "b", "c").Texts("fifty", [.. Enumerable.Repeat("x", GgufTexts.MaxItems)])
            .Texts("long", [.. Enumerable.Repeat("x", GgufTexts.MaxItems + 1)]).Text("zz.last", "end").Build();
        using var folder = new TemporaryFolder();
        string path = folder.PathOf("model.gguf");
        File.WriteAllBytes(path, file);

        SortedDictionary<string, string> texts = GgufTexts.Read(path);

        Assert.Equal("Otter", texts["general.name"]);
        Assert.Equal("15", texts["general.file_type"]);
        Assert.Equal("2048", texts["llama.context_length"]);
        Assert.Equal("a, b, c", texts["short"]);
        Assert.Equal(GgufTexts.MaxItems, texts["fifty"].Split(", ").Length);
        Assert.False(texts.ContainsKey("long"));
        Assert.Equal("end", texts["zz.last"]);
    }

    [Fact]
    public void The_metadata_of_a_real_model_is_read()
    {
        SortedDictionary<string, string> texts = GgufTexts.Read(Path.Join(Repository.Root, "models/tiny-chat.gguf"));
        Assert.Equal("0.000010", texts["llama.attention.layer_norm_rms_epsilon"]);
        Assert.Equal("true", texts["tokenizer.ggml.add_bos_token"]);
        Assert.False(texts.ContainsKey("tokenizer.ggml.tokens"));
        Assert.Equal(951_424, GgufHeaderReader.Read(Path.Join(Repository.Root, "models/tiny-chat.gguf")).Header!.Parameters, 1000.0);
    }
}
