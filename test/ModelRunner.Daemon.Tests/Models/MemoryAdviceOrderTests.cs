using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Tests.Gguf;
using ModelRunner.Gguf;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Models;

/// <summary>
/// The advice for a model that is too large takes away as little as possible: slots, then context, then the prompt cache, then the draft model. Each row
/// gives the memory that a smaller runner needs, and names the change to it.
/// </summary>
public sealed class MemoryAdviceOrderTests
{
    private const long DraftBytes = 8 << 20;

    private static readonly byte[] File = ShapeModels.Build("llama");
    private static readonly GgufHeader Header = GgufHeaderReader.Read(new MemoryStream(File)).Header!;

    /// <summary>What fits into the memory: slots, context, whether the prompt cache and the draft model are kept; and the advice.</summary>
    public static TheoryData<int, int, bool, bool, string> Losses => new()
    {
        { 3, 8192, true, true, "--parallel 3 in its args (now 4)" },
        { 1, 8192, true, true, "--parallel 1 in its args (now 4)" },
        { 1, 7936, true, true, "--parallel 1 in its args (now 4) and contextSize 7936 (now 8192)" },
        { 1, 4096, true, true, "--parallel 1 in its args (now 4) and contextSize 4096 (now 8192)" },
        { 1, 4096, false, true, "--parallel 1 in its args (now 4) and contextSize 4096 (now 8192) and --cache-ram 0 in its args" },
        { 1, 4096, true, false, "--parallel 1 in its args (now 4) and contextSize 4096 (now 8192) and no draft model" },
        { 1, 4096, false, false, "--parallel 1 in its args (now 4) and contextSize 4096 (now 8192) and --cache-ram 0 in its args and no draft model" },
        { 1, 512, false, false, "--parallel 1 in its args (now 4) and contextSize 512 (now 8192) and --cache-ram 0 in its args and no draft model" },
    };

    [Theory]
    [MemberData(nameof(Losses))]
    public void The_smallest_loss_that_fits_is_advised(int slots, int context, bool hasPrompts, bool hasDraft, string advice)
    {
        RunnerShape now = Shape(slots: 4, context: 8192);

        Assert.Equal($"it fits with {advice}", Advise(now, Reduced(now, slots, context, hasPrompts, hasDraft)));
    }

    [Fact]
    public void The_draft_model_and_the_prompt_cache_stay_if_one_slot_is_enough()
    {
        RunnerShape now = Shape(slots: 4, context: 1024);

        Assert.Equal("it fits with --parallel 1 in its args (now 4)", Advise(now, now with { Slots = 1 }));
    }

    [Theory]
    [InlineData(8192, 6912, true, true, "contextSize 6912 (now 8192)")]
    [InlineData(8192, 4096, true, true, "contextSize 4096 (now 8192)")]
    [InlineData(4096, 2048, true, true, "contextSize 2048 (now 4096)")]
    [InlineData(768, 512, true, true, "contextSize 512 (now 768)")]
    [InlineData(512, 512, false, true, "--cache-ram 0 in its args")]
    [InlineData(512, 512, false, false, "--cache-ram 0 in its args and no draft model")]
    public void With_one_slot_the_context_is_the_smallest_loss(int now, int context, bool hasPrompts, bool hasDraft, string advice)
    {
        RunnerShape shape = Shape(slots: 1, context: now);

        Assert.Equal($"it fits with {advice}", Advise(shape, Reduced(shape, 1, context, hasPrompts, hasDraft)));
    }

    [Fact]
    public void All_slots_stay_if_a_useful_context_fits_for_each_and_one_slot_alone_is_not_enough()
    {
        RunnerShape now = Shape(slots: 4, context: 65536);

        Assert.Equal("it fits with contextSize 15360 (now 65536)", Advise(now, now with { Context = 15360 }));

        // Here fewer slots free nothing: they would share the same context.
        RunnerShape whole = Shape(slots: 4, context: 8192) with { IsContextArgument = true };
        Assert.Equal("it fits with --ctx-size 24576 (now 32768)", Advise(whole, whole with { Context = 6144 }));
    }

    [Fact]
    public void A_context_below_a_useful_one_comes_after_the_prompt_cache_and_the_draft_model()
    {
        RunnerShape now = Shape(slots: 1, context: 4096) with { PromptCacheBytes = 0 };

        Assert.Equal("it fits with no draft model", Advise(now, now with { Draft = null }));
        Assert.Equal("it fits with contextSize 1792 (now 4096)", Advise(now with { Draft = null }, now with { Draft = null, Context = 1792 }));
    }

    /// <summary>The model was trained for 2048 tokens. More of them are of no use, so to have no more is no loss.</summary>
    [Theory]
    [InlineData(4, 2048, "contextSize 2048 (now 8192)")]
    [InlineData(2, 2048, "--parallel 2 in its args (now 4) and contextSize 2048 (now 8192)")]
    [InlineData(1, 5376, "--parallel 3 in its args (now 4) and contextSize 2048 (now 8192)")]
    [InlineData(1, 1280, "--parallel 1 in its args (now 4) and contextSize 1280 (now 8192)")]
    public void No_advice_has_more_context_than_the_model_was_trained_for(int slots, int context, string advice)
    {
        RunnerShape now = Shape(slots: 4, context: 8192) with { Draft = null, PromptCacheBytes = 0 };

        Assert.Equal($"it fits with {advice}", Advise(now, now with { Slots = slots, Context = context }, trained: 2048));
    }

    [Fact]
    public void An_argument_for_the_whole_context_is_no_more_than_the_training_for_each_slot()
    {
        RunnerShape now = Shape(slots: 4, context: 8192) with { Draft = null, PromptCacheBytes = 0, IsContextArgument = true };

        Assert.Equal("it fits with --ctx-size 8192 (now 32768)", Advise(now, now with { Context = 2048 }, trained: 2048));
        Assert.Equal(
            "it fits with --parallel 2 in its args (now 4) and --ctx-size 4096 (now 32768)",
            Advise(now, now with { Slots = 2, Context = 2048 }, trained: 2048));
    }

    [Fact]
    public void Arguments_that_extend_the_context_allow_more_than_the_training()
    {
        RunnerShape now = Shape(slots: 1, context: 8192) with { Draft = null, PromptCacheBytes = 0 };
        Assert.Equal("it fits with contextSize 2048 (now 8192)", Advise(now, now with { Context = 5376 }, trained: 2048));

        bool isExtended = RunnerShape.Read(["--rope-scaling", "yarn", "--rope-scale", "4"], isLlamaServer: true, 8192, 1).ExtendsContext;
        Assert.Equal(
            "it fits with contextSize 5376 (now 8192)", Advise(now with { ExtendsContext = isExtended }, now with { Context = 5376 }, trained: 2048));
    }

    [Fact]
    public void If_nothing_helps_all_of_it_is_named() => Assert.Equal(
        "it does not fit with one slot, 512 tokens of context and no draft model either",
        MemoryAdvice.For(Model(Shape(4, 8192)), RunnerMode.Completion, new MemoryRoom(File.Length), new MemoryRoom(File.Length)));

    private static string? Advise(RunnerShape now, RunnerShape fitting, long trained = 65536)
    {
        var room = new MemoryRoom(Needed(fitting));
        return MemoryAdvice.For(Model(now) with { Header = Header with { ContextLength = trained } }, RunnerMode.Completion, room, room);
    }

    private static RunnerShape Reduced(RunnerShape now, int slots, int context, bool hasPrompts, bool hasDraft) => now with
    {
        Slots = slots,
        Context = context,
        PromptCacheBytes = hasPrompts ? now.PromptCacheBytes : 0,
        Draft = hasDraft ? now.Draft : null,
    };

    private static long Needed(RunnerShape shape) => MemoryEstimate.Of(Header, File.Length, shape).Total;

    private static RunnerShape Shape(int slots, int context) => new()
    {
        Slots = slots,
        Context = context,
        Draft = new DraftModel(
            "small:latest", new ModelFile("/m/small.gguf", ["/m/small.gguf"], DraftBytes, default, 0), Header,
            new DraftSettings(ModelReference.FromCanonical("small")) { MaxTokens = 8 }),
    };

    private static ModelEntry Model(RunnerShape shape) => new("llama:latest", "/m/llama.gguf", File.Length, default, new ModelSettings())
    {
        Header = Header, WeightBytes = File.Length, Shape = shape, Draft = shape.Draft,
    };
}
