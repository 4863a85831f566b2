using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Tests.Gguf;
using ModelRunner.Gguf;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Models;

/// <summary>The memory of a model with a draft model.</summary>
public sealed class DraftMemoryTests : IDisposable
{
    // llama-server writes hundredths of a MiB, for up to two buffers of each model.
    private const double RoundingBytes = 4 * 0.005 * (1 << 20);
    private const int Slots = 4;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(4000, "")]
    [InlineData(4000, "--cache-type-k q8_0 --cache-type-v q8_0")]
    [InlineData(1000, "--kv-unified --ubatch-size 128")]
    public async Task It_agrees_with_the_buffers_of_llama_server(int context, string written)
    {
        string[] added = written.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string path = _folder.Write("model.gguf", ShapeModels.Build("llama"));
        string draft = _folder.Write("draft.gguf", ShapeModels.Build("llama"));
        string[] arguments = ["--parallel", $"{Slots}", "--ctx-size", $"{context * Slots}", .. added];

        MemoryEstimate with = Estimate(path, Draft(draft), added, context);
        MemoryEstimate without = Estimate(path, null, added, context);
        LlamaMemory memory = await LlamaMemory.MeasureAsync(
            path, _folder.PathOf("llama.sock"), [.. arguments, "--spec-draft-model", draft, "--spec-type", "draft-simple", "--spec-draft-n-max", "8"]);
        LlamaMemory alone = await LlamaMemory.MeasureAsync(path, _folder.PathOf("alone.sock"), arguments);

        TestContext.Current.TestOutputHelper?.WriteLine($"{with} {memory} {without} {alone}");
        Assert.InRange(with.Cache, memory.Cache - RoundingBytes, memory.Cache + RoundingBytes);
        Assert.InRange(with.Draft!.Cache, memory.Cache - alone.Cache - RoundingBytes, memory.Cache - alone.Cache + RoundingBytes);
        Assert.InRange(with.Compute, memory.Compute * 0.98, (memory.Compute * 1.2) + (2 << 20));
        Assert.InRange(with.Cache + with.Process, memory.Held, memory.Held + (40 << 20));
        Assert.Equal(2 * new FileInfo(path).Length, with.Weights);
        Assert.Equal(with.Total, without.Total + with.Draft.Total);
    }

    [Fact]
    public void Only_completion_runners_need_it()
    {
        string path = _folder.Write("model.gguf", ShapeModels.Build("llama"));
        RunnerShape shape = Shape(Draft(path), [], 512);

        Assert.Null(MemoryEstimate.Of(Header(path), 1, shape with { Mode = RunnerMode.Embedding }).Draft);
    }

    [Fact]
    public void The_advice_for_a_model_that_is_too_large_names_the_draft_model_and_says_what_fits_without_it()
    {
        string path = _folder.Write("model.gguf", ShapeModels.Build("llama"));
        RunnerShape shape = Shape(Draft(path), [], 4096) with { PromptCacheBytes = 0 };
        var model = new ModelEntry("otter:latest", path, 1, default, new ModelSettings())
        {
            Header = Header(path), WeightBytes = 1, Shape = shape, Draft = shape.Draft,
            Memory = new Dictionary<RunnerMode, MemoryEstimate> { [RunnerMode.Completion] = MemoryEstimate.Of(Header(path), 1, shape) },
        };
        MemoryEstimate needed = model.Memory[RunnerMode.Completion];
        var without = new MemoryRoom(MemoryEstimate.Of(Header(path), 1, shape with { Draft = null, Slots = 1, Context = 512 }).Total);

        Assert.Equal(
            $"about {MemoryText.RoundUp(needed.Draft!.Total)} MiB of that are for its draft model small:latest", MemoryAdvice.OfDraft(model, RunnerMode.Completion));
        Assert.Equal(
            "it fits with --parallel 1 in its args (now 4) and contextSize 512 (now 4096) and no draft model",
            MemoryAdvice.For(model, RunnerMode.Completion, without, without));
        var nothing = new MemoryRoom(2);
        Assert.Equal(
            "it does not fit with one slot, 512 tokens of context and no draft model either",
            MemoryAdvice.For(model, RunnerMode.Completion, nothing, nothing));
        Assert.Equal(
            $"about {MemoryText.RoundUp(needed.Draft!.Total)} MiB of that are for its draft model",
            MemoryAdvice.OfDraft(model, RunnerMode.Completion, isNamed: false));
        Assert.Null(MemoryAdvice.OfDraft(model with { Draft = null }, RunnerMode.Completion));
    }

    [Fact]
    public void Its_layers_are_on_the_cards_whatever_the_layers_of_the_model()
    {
        string path = _folder.Write("model.gguf", ShapeModels.Build("llama"));
        RunnerShape shape = Shape(Draft(path), [], 512) with { Offload = new Offload { Layers = 2, Devices = ["CUDA0"], IsOnOneDevice = true } };

        GraphicsEstimate with = MemoryEstimate.Of(Header(path), 1, shape).Graphics!;
        GraphicsEstimate without = MemoryEstimate.Of(Header(path), 1, shape with { Draft = null }).Graphics!;
        GraphicsEstimate draft = MemoryEstimate.Of(Header(path), new FileInfo(path).Length, shape.OfDraft()).Graphics!;

        Assert.Equal((without.Weights + draft.Weights, without.Cache + draft.Cache), (with.Weights, with.Cache));
        Assert.True(draft.Weights > without.Weights * 2);

        // The driver counts once, and the model has 64 more results for each slot.
        double results = 64.0 * Slots * Header(path).VocabularySize * sizeof(float);
        Assert.Equal(without.Each + draft.Each - (384 << 20) + results, with.Each, tolerance: 1);
    }

    private static GgufHeader Header(string path) => GgufHeaderReader.Read(path).Header!;

    private static DraftModel Draft(string path) => new(
        "small:latest", ModelFile.FromPath(path), Header(path), new DraftSettings(ModelReference.FromCanonical("small")) { MaxTokens = 8 });

    private static RunnerShape Shape(DraftModel? draft, string[] added, int context) =>
        RunnerShape.Read(added, isLlamaServer: true, context, Slots) with { Mode = RunnerMode.Completion, Draft = draft };

    private static MemoryEstimate Estimate(string path, DraftModel? draft, string[] added, int context) =>
        MemoryEstimate.Of(Header(path), new FileInfo(path).Length, Shape(draft, added, context));
}
