using System.Globalization;
using System.Text.RegularExpressions;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Tests.Gguf;
using ModelRunner.Gguf;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Models;

public sealed partial class MemoryAdviceTests
{
    private static readonly byte[] File = ShapeModels.Build("llama");

    [Theory]
    [InlineData(65)]
    [InlineData(70)]
    [InlineData(75)]
    public void The_largest_context_that_fits_is_named(int limitMiB)
    {
        ModelEntry model = Model(context: 32768, slots: 1);
        long limit = (long)limitMiB << 20;

        string advice = Advise(model, limit)!;

        long context = long.Parse(Advice().Match(advice).Groups["context"].ValueSpan, CultureInfo.InvariantCulture);
        Assert.Equal($"it fits with contextSize {context} (now 32768)", advice);
        Assert.InRange(Needed(model, context), 0, limit);
        Assert.True(Needed(model, context + 256) > limit);
    }

    [Theory]
    [InlineData(512, 4, 50, "it fits with --cache-ram 0 in its args")]
    [InlineData(1024, 200, 60, "it fits with --parallel 2 in its args (now 200)")]
    [InlineData(65536, 200, 60, "it fits with --parallel 1 in its args (now 200) and contextSize 8704 (now 65536) and --cache-ram 0 in its args")]
    [InlineData(4096, 4, 20, "it does not fit with one slot and 512 tokens of context either")]
    [InlineData(4096, 4, 1, "its weights alone need 7 MiB")]
    public void What_must_change_grows_with_the_lack_of_memory(long context, int slots, int limitMiB, string advice) =>
        Assert.Equal(advice, Advise(Model(context, slots), (long)limitMiB << 20));

    [Fact]
    public void An_argument_for_the_context_is_named_as_it_was_written()
    {
        ModelEntry model = Model(context: 32768, slots: 4);
        model = model with { Shape = model.Shape! with { IsContextArgument = true } };

        Assert.Matches("^it fits with --ctx-size [0-9]+ \\(now 131072\\)$", Advise(model, 120L << 20));
        Assert.DoesNotContain("--parallel", Advise(model, 20L << 20)!, StringComparison.Ordinal);
    }

    [Fact]
    public void The_batch_of_a_model_for_vectors_shrinks_with_its_context()
    {
        GgufHeader header = GgufHeaderReader.Read(new MemoryStream(ShapeModels.Build("bert"))).Header!;
        var model = new ModelEntry("bert:latest", "/m/bert.gguf", 1, default, new ModelSettings())
        {
            Header = header, WeightBytes = 1, Shape = new RunnerShape { Context = 8192, Slots = 1 },
        };

        Assert.Matches("^it fits with contextSize [0-9]+ \\(now 8192\\)$", Advise(model, 60L << 20, RunnerMode.Embedding));
    }

    [Fact]
    public void Nothing_is_advised_for_a_model_of_unknown_size() =>
        Assert.Null(Advise(new ModelEntry("x:latest", null, 0, default, new ModelSettings()), 1));

    [Fact]
    public void With_one_slot_the_argument_for_the_context_counts_for_that_slot()
    {
        ModelEntry model = Model(context: 1024, slots: 200);
        model = model with { Shape = model.Shape! with { IsContextArgument = true } };

        string advice = Advise(model, 60L << 20)!;

        Assert.Matches(@"^it fits with --parallel 1 in its args \(now 200\) and --ctx-size [0-9]+ \(now 204800\)$", advice);
        long context = long.Parse(advice.Split(' ')[12], CultureInfo.InvariantCulture);
        RunnerShape advised = model.Shape! with { Context = context, Slots = 1 };
        Assert.InRange(MemoryEstimate.Of(model.Header!, model.WeightBytes, advised).Total, 55L << 20, 60L << 20);
    }

    [Theory]
    [InlineData(60, 120, "it fits with --parallel 1 in its args (now 4) and contextSize ")]
    [InlineData(30, 120, "when models with an unlimited keep-alive are unloaded, it fits with contextSize ")]
    [InlineData(-5, 20, "it does not fit with one slot and 512 tokens of context either")]
    [InlineData(2, 5, "its weights alone need ")]
    public void Beside_pinned_models_the_advice_says_what_fits_when_they_are_unloaded(int limitMiB, int aloneMiB, string advice) => Assert.StartsWith(
        advice, MemoryAdvice.For(Model(32768, 4), RunnerMode.Completion, new MemoryRoom((long)limitMiB << 20), new MemoryRoom((long)aloneMiB << 20)), StringComparison.Ordinal);

    [Fact]
    public void A_model_that_fits_when_pinned_ones_are_unloaded_needs_no_other_advice() =>
        Assert.Null(MemoryAdvice.For(Model(512, 4), RunnerMode.Completion, new MemoryRoom(10L << 20), new MemoryRoom(1L << 30)));

    private static string? Advise(ModelEntry model, long limit, RunnerMode mode = RunnerMode.Completion) => MemoryAdvice.For(model, mode, new MemoryRoom(limit), new MemoryRoom(limit));

    private static ModelEntry Model(long context, int slots)
    {
        GgufHeader header = GgufHeaderReader.Read(new MemoryStream(File)).Header!;
        var shape = new RunnerShape { Context = context, Slots = slots };
        return new ModelEntry("llama:latest", "/m/llama.gguf", File.Length, default, new ModelSettings())
        {
            Header = header, WeightBytes = File.Length, Shape = shape,
        };
    }

    private static long Needed(ModelEntry model, long context) =>
        MemoryEstimate.Of(model.Header!, model.WeightBytes, model.Shape! with { Context = context }).Total;

    [GeneratedRegex("contextSize (?<context>[0-9]+)", RegexOptions.None, 1000)]
    private static partial Regex Advice();
}
