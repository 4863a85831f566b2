using ModelRunner.Configuration;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Runners;

/// <summary>A model that is too large is refused with the variants of it that fit.</summary>
public sealed class VariantAdviceTests
{
    private const long Mebibyte = 1 << 20;

    private readonly MemoryPeaks _peaks = new();

    [Fact]
    public void The_largest_variant_that_fits_is_named_first() => Assert.Equal(
        "variants that are here fit: \"fox:q6_k\" (about 33 MiB), \"fox:q4_0\" (about 12 MiB)",
        Advise(40, Model("fox:q4_0", 12), Model("fox:q8_0", 46), Model("fox:q6_k", 33)));

    [Fact]
    public void One_variant_is_named_alone() => Assert.Equal(
        "a variant that is here fits: \"fox:q4_0\" (about 12 MiB)", Advise(20, Model("fox:q4_0", 12), Model("fox:q8_0", 46)));

    [Fact]
    public void At_most_three_are_named() => Assert.Equal(
        "variants that are here fit: \"fox:d\" (about 14 MiB), \"fox:c\" (about 13 MiB), \"fox:b\" (about 12 MiB)",
        Advise(20, Model("fox:a", 11), Model("fox:b", 12), Model("fox:c", 13), Model("fox:d", 14)));

    [Fact]
    public void A_variant_that_does_not_fit_or_cannot_serve_the_mode_is_not_named() => Assert.Null(
        Advise(20, Model("fox:q8_0", 46), Model("fox:embed", 5) with { Modes = [RunnerMode.Embedding] }, Model("fox:unknown", 0)));

    [Fact]
    public async Task The_refusal_of_the_pool_names_them()
    {
        await using var bed = new PoolBed(new RunnerSettings { MemoryBudgetBytes = 20 * Mebibyte });
        ModelEntry model = Model("fox:q8_0", 46);

        AcquireOutcome outcome = await bed.Pool.AcquireAsync(
            bed.Pool.KeyOf(null, model, RunnerMode.Completion), model, bed.Limit,
            wishes: new RequestWishes { Variants = () => [Model("fox:q4_0", 12)] });

        Assert.Equal(RefusalReason.OutOfMemory, outcome.Refusal!.Reason);
        Assert.EndsWith("; a variant that is here fits: \"fox:q4_0\" (about 12 MiB)", outcome.Refusal.Message, StringComparison.Ordinal);
        Assert.Contains("\"fox:q4_0\"", bed.Pool.Decisions.List(null, 1)[0].Text, StringComparison.Ordinal);
    }

    /// <summary>The scheduler has changed its state by then, so nothing of what it decided may be lost.</summary>
    [Fact]
    public async Task A_refusal_whose_advice_fails_arrives_and_takes_nothing_from_others()
    {
        await using var bed = new PoolBed(new RunnerSettings { MemoryBudgetBytes = 20 * Mebibyte, MaxRunners = 1, SwapDelay = default, MinStay = default });
        ModelEntry large = Model("fox:q8_0", 46);
        ModelEntry small = Model("fox:q4_0", 12);

        AcquireOutcome outcome = await bed.Pool.AcquireAsync(
            bed.Pool.KeyOf(null, large, RunnerMode.Completion), large, bed.Limit,
            wishes: new RequestWishes { Variants = static () => throw new ObjectDisposedException("the request") });

        Assert.Equal(RefusalReason.OutOfMemory, outcome.Refusal!.Reason);
        Assert.Contains("needs about", outcome.Refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(bed.Log.Lines, static line => line.Contains("was lost", StringComparison.Ordinal));
        Task<AcquireOutcome> next = bed.Pool.AcquireAsync(bed.Pool.KeyOf(null, small, RunnerMode.Completion), small, bed.Limit);
        (await bed.StartedAsync()).BecomeReady();
        (await next.WaitAsync(bed.Limit)).Lease!.Dispose();
    }

    private string? Advise(long limitMiB, params ModelEntry[] variants) => VariantAdvice.For(
        variants, RunnerMode.Completion, new MemoryLimits(limitMiB * Mebibyte, limitMiB * Mebibyte), new RunnerDemands(_peaks));

    private static ModelEntry Model(string reference, long mebibytes) =>
        new(reference, $"/m/{reference}.gguf", mebibytes, default, new ModelSettings { MemoryBytes = mebibytes * Mebibyte })
        {
            Modes = [RunnerMode.Completion], WeightBytes = mebibytes * Mebibyte,
        };
}
