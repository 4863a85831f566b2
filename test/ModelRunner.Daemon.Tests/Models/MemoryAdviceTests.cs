using System.Globalization;
using System.Text.RegularExpressions;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Tests.Gguf;
using ModelRunner.Gguf;

namespace ModelRunner.Daemon.Tests.Models;

public sealed partial class MemoryAdviceTests
{
    private static readonly byte[] File = ShapeModels.Build("llama");

    [Theory]
    [InlineData(90)]
    [InlineData(120)]
    [InlineData(180)]
    public void The_largest_context_that_fits_is_named(int limitMiB)
    {
        ModelEntry model = Model(context: 32768, slots: 4);
        long limit = (long)limitMiB << 20;

        string advice = MemoryAdvice.For(model, limit)!;

        long context = long.Parse(Advice().Match(advice).Groups["context"].ValueSpan, CultureInfo.InvariantCulture);
        Assert.Equal($"it fits with contextSize {context} (now 32768)", advice);
        Assert.InRange(Needed(model, context), 0, limit);
        Assert.True(Needed(model, context + 256) > limit);
    }

    [Fact]
    public void Fewer_slots_are_named_if_no_context_of_all_slots_fits()
    {
        // One slot with the whole context needs less than eight with the shortest one.
        Assert.Equal("it fits with one slot (args: --parallel 1, now 200)", MemoryAdvice.For(Model(context: 1024, slots: 200), 100L << 20));
        Assert.Matches(
            "^it fits with contextSize [0-9]+ \\(now 65536\\) and one slot \\(args: --parallel 1, now 200\\)$",
            MemoryAdvice.For(Model(context: 65536, slots: 200), 100L << 20));
    }

    [Fact]
    public void A_model_that_cannot_fit_is_told_with_its_weights() =>
        Assert.Equal(
            "it does not fit with any context; its weights alone need 6 MiB", MemoryAdvice.For(Model(context: 4096, slots: 4), 20L << 20));

    [Fact]
    public void Nothing_is_advised_for_a_model_of_unknown_size() =>
        Assert.Null(MemoryAdvice.For(new ModelEntry("x:latest", null, 0, default, new ModelSettings()), 1));

    private static ModelEntry Model(long context, int slots)
    {
        GgufHeader header = GgufHeaderReader.Read(new MemoryStream(File)).Header!;
        var shape = new RunnerShape { Context = context, Slots = slots };
        return new ModelEntry("llama:latest", "/m/llama.gguf", File.Length, default, new ModelSettings())
        {
            Header = header, WeightBytes = File.Length, Shape = shape, Memory = MemoryEstimate.Of(header, File.Length, shape),
        };
    }

    private static long Needed(ModelEntry model, long context) =>
        MemoryEstimate.Of(model.Header!, model.WeightBytes, model.Shape! with { Context = context }).Total;

    [GeneratedRegex("contextSize (?<context>[0-9]+)", RegexOptions.None, 1000)]
    private static partial Regex Advice();
}
