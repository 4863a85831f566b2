using CsCheck;
using ModelRunner.Daemon.Models;
using ModelRunner.Gguf;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Gguf;

public sealed class GgufHeaderReaderTests
{
    [Fact]
    public void The_header_has_the_architecture_and_the_sizes()
    {
        byte[] file = GgufBuilder.Llama().Text("general.name", "Otter").Text("general.size_label", "7B").UInt32("general.file_type", 15)
            .Texts("tokenizer.ggml.tokens", "a", "b", "c").Text("tokenizer.chat_template", "{{ messages }}").Build();

        GgufHeader header = Read(file).Header!;

        Assert.Equal("llama", header.Architecture);
        Assert.Equal("Otter", header.Name);
        Assert.Equal("7B", header.SizeLabel);
        Assert.Equal(15, header.FileType);
        Assert.Equal(4, header.BlockCount);
        Assert.Equal(2048, header.ContextLength);
        Assert.Equal(128, header.EmbeddingLength);
        Assert.Equal(3, header.VocabularySize);
        Assert.Null(header.PoolingType);

        // Four layers of two heads, each with a key and a value of 128 / 4 numbers.
        Assert.Equal(4 * 2 * (32 + 32), ElementsPerToken(header));
    }

    [Fact]
    public void Head_counts_that_differ_by_layer_are_summed()
    {
        byte[] file = new GgufBuilder().Text("general.architecture", "llama").UInt32("llama.block_count", 3)
            .UInt32("llama.embedding_length", 128).UInt32("llama.attention.head_count", 4)
            .UInt32s("llama.attention.head_count_kv", 1, 2, 4).Build();

        Assert.Equal(7 * 64, ElementsPerToken(Read(file).Header!));
    }

    [Fact]
    public void Explicit_lengths_of_keys_and_values_count()
    {
        byte[] file = GgufBuilder.Llama().UInt32("llama.attention.key_length", 100).UInt32("llama.attention.value_length", 10).Build();

        Assert.Equal(4 * 2 * 110, ElementsPerToken(Read(file).Header!));
    }

    [Theory]
    [InlineData(0, "is empty (0 bytes): its download or its copy did not end; download or copy it again, or remove it")]
    [InlineData(3, "is not a GGUF file")]
    [InlineData(60, "is cut off within its header, at 60 bytes")]
    public void A_truncated_header_is_reported_in_one_clause(int length, string expected) =>
        Assert.Equal(expected, Read(GgufBuilder.Llama().Build()[..length]).Problem);

    [Fact]
    public void A_truncated_file_is_detected_by_its_tensors()
    {
        byte[] file = GgufBuilder.Llama().Build();

        Assert.Equal($"is truncated: it has {file.Length - 1} of {file.Length} bytes; download it again", Read(file[..^1]).Problem);
        Assert.Null(Read(file).Problem);
    }

    [Theory]
    [InlineData(1u)]
    [InlineData(99u)]
    [InlineData(0x03000000u)]
    public void Other_versions_are_refused_by_number(uint version) =>
        Assert.Equal($"has GGUF version {version}; versions 2 and 3 can be used", Read(new GgufBuilder { Version = version }.Build()).Problem);

    [Fact]
    public void A_text_file_is_not_a_model() =>
        Assert.Equal("is not a GGUF file", Read("This is a text of more than twenty-four bytes."u8.ToArray()).Problem);

    [Fact]
    public void A_count_larger_than_the_file_allocates_nothing()
    {
        byte[] file = GgufBuilder.Llama().Build();
        BitConverter.TryWriteBytes(file.AsSpan(8), ulong.MaxValue);

        Assert.StartsWith("is damaged: ", Read(file).Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4096u, null)]
    [InlineData(4097u, "is damaged: 4097 layers, and no model has more than 4096")]
    [InlineData(uint.MaxValue, "is damaged: 4294967295 layers, and no model has more than 4096")]
    public void More_layers_than_any_model_has_are_refused(uint layers, string? problem) =>
        Assert.Equal(
            problem, Read(new GgufBuilder().Text("general.architecture", "llama").UInt32("llama.block_count", layers).Build()).Problem);

    [Fact]
    public void A_size_that_overflows_is_reported_unless_a_zero_makes_it_zero()
    {
        byte[] file = new GgufBuilder().Text("general.architecture", "llama").Tensor("w", 0, uint.MaxValue, 0, uint.MaxValue, uint.MaxValue).Build();

        // The zero in the shape makes the whole size zero, although the product of the other sizes overflows.
        Assert.NotNull(Read(file).Header);

        byte[] endless = new GgufBuilder().Text("general.architecture", "llama").Tensor("w", 0, 0).Build();
        int shape = endless.AsSpan().LastIndexOf("w"u8) + 1 + 4;
        BitConverter.TryWriteBytes(endless.AsSpan(shape), ulong.MaxValue / 2);
        Assert.Equal("is damaged: a size in its header is impossible", Read(endless).Problem);
    }

    [Fact]
    public void The_included_models_can_be_read()
    {
        string models = Path.Join(Repository.Root, "models");

        GgufHeader chat = GgufHeaderReader.Read(Path.Join(models, "tiny-chat.gguf")).Header!;
        GgufHeader embedding = GgufHeaderReader.Read(Path.Join(models, "tiny-embed.gguf")).Header!;

        Assert.Equal(("llama", 768), (chat.Architecture, chat.VocabularySize));
        Assert.Equal([RunnerMode.Completion], ModelModes.Of(chat));
        Assert.Equal("bert", embedding.Architecture);
        Assert.Equal([RunnerMode.Embedding], ModelModes.Of(embedding));
    }

    [Fact]
    public void Five_hundred_mutated_headers_are_read_or_refused_with_little_memory()
    {
        byte[] file = GgufBuilder.Llama().Texts("tokenizer.ggml.tokens", "a", "b", "c").UInt32s("llama.x.head_count", 1, 2).Build();
        int head = file.Length - 512;
        Gen.Select(Gen.Int[0, head - 1], Gen.Byte, Gen.Int[0, head - 1], Gen.ULong).Sample(
            (at, value, wide, number) =>
            {
                byte[] mutated = (byte[])file.Clone();
                mutated[at] = value;
                BitConverter.TryWriteBytes(mutated.AsSpan(wide), number);
                long before = GC.GetAllocatedBytesForCurrentThread();
                GgufReadOutcome outcome = Read(mutated);
                Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 16 << 20);
                Assert.NotEqual(outcome.Header is null, outcome.Problem is null);
                Assert.DoesNotContain('\n', outcome.Problem ?? "");
            },
            iter: 500,
            threads: 1);
    }

    private static long ElementsPerToken(GgufHeader header) => header.Cache.FullKeys + header.Cache.FullValues;

    private static GgufReadOutcome Read(byte[] file) => GgufHeaderReader.Read(new MemoryStream(file));
}
