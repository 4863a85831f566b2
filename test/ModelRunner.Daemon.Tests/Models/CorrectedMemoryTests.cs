using CsCheck;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Models;

namespace ModelRunner.Daemon.Tests.Models;

public sealed class CorrectedMemoryTests
{
    // Together 1000, of which 300 grow with the requests.
    private static readonly MemoryEstimate Estimate = new(Weights: 500, Cache: 150, Compute: 100, Process: 50, Checkpoints: 100, PromptCache: 100);

    [Fact]
    public void Without_measurements_the_estimate_counts() => Assert.Equal(new CorrectedMemory(1000, 0, LeastBytes: null), Correct());

    [Fact]
    public void A_load_that_served_nothing_changes_nothing_unless_it_needed_more()
    {
        Assert.Equal(new CorrectedMemory(1000, 0, LeastBytes: null), Correct((600, false), (620, false), (610, false), (600, false)));
        Assert.Equal(new CorrectedMemory(1260, 1, LeastBytes: 1000), Correct((1200, false)));
    }

    [Fact]
    public void A_light_load_lowers_nothing() => Assert.Equal(1000, Correct((700, true), (690, true)).Bytes);

    [Fact]
    public void A_load_that_needed_more_counts_at_the_next_load_and_is_not_certain_yet() =>
        Assert.Equal(new CorrectedMemory(1365, 1, LeastBytes: 1000), Correct((1300, true)));

    [Fact]
    public void Light_loads_after_a_heavy_one_do_not_make_it_forgotten() =>
        Assert.Equal(new CorrectedMemory(1365, 4, LeastBytes: 1000), Correct((1300, true), (900, true), (900, true), (900, true)));

    [Fact]
    public void What_two_loads_needed_is_certain() => Assert.Equal(new CorrectedMemory(1365, 2, LeastBytes: 1260), Correct((1300, true), (1200, true)));

    [Fact]
    public void One_exception_among_several_loads_does_not_count()
    {
        Assert.Equal(new CorrectedMemory(1000, 2, LeastBytes: null), Correct((9000, true), (700, true)));
        Assert.Equal(new CorrectedMemory(1260, 3, LeastBytes: null), Correct((9000, true), (1200, true), (1100, true)));
        Assert.True(Correct((9000, true), (8000, true), (1100, true)).Bytes > 9000);
    }

    [Fact]
    public void Three_loads_show_that_less_is_needed_but_what_grows_with_requests_stays_reserved()
    {
        Assert.Equal(1000, Correct((500, true), (500, true)).Bytes);
        Assert.Equal(825, Correct((500, true), (480, true), (490, true)).Bytes);
        Assert.Equal(1000, Correct((500, true), (480, true), (490, false)).Bytes);
    }

    [Fact]
    public void Less_than_the_weights_and_the_process_is_never_enough() =>
        Assert.Equal(550, Correct(new MemoryEstimate(500, 450, 0, 50, 0, 0), (100, true), (100, true), (100, true)).Bytes);

    [Fact]
    public void A_configured_value_is_never_made_smaller_and_without_one_only_measurements_count()
    {
        LoadPeak[] light = [.. Enumerable.Range(1, 4).Select(static i => new LoadPeak("k", i, 400, null, HasServed: true))];
        Assert.Equal((1000, 4), (CorrectedMemory.Of(1000, light).Bytes, CorrectedMemory.Of(1000, light).Loads));
        Assert.Equal(new CorrectedMemory(420, 4, LeastBytes: null), CorrectedMemory.Of(0, light));
        Assert.Equal(new CorrectedMemory(420, 1, LeastBytes: 0), CorrectedMemory.Of(0, light[..1]));
        Assert.Equal(new CorrectedMemory(0, 0, LeastBytes: null), CorrectedMemory.Of(0, []));
        Assert.Equal(new CorrectedMemory(1260, 1, LeastBytes: 1000), CorrectedMemory.Of(1000, [new LoadPeak("k", 1, 1200, null, HasServed: true)]));
    }

    [Fact]
    public void The_correction_is_always_at_least_what_two_loads_needed_and_never_overflows()
    {
        Gen.Select(Gen.Long[0, long.MaxValue], Gen.Bool).Array[0, 8].Sample(loads =>
        {
            CorrectedMemory memory = Correct(loads);
            long[] served = [.. loads.Where(static load => load.Item2).Select(static load => load.Item1).OrderDescending()];
            Assert.True(memory.Bytes >= 550);
            Assert.True(memory.LeastBytes is not { } least || least <= memory.Bytes);
            Assert.True(served.Length < 2 || memory.Bytes >= Math.Min(served[1], long.MaxValue / 2));
        });
    }

    private static CorrectedMemory Correct(params (long Bytes, bool HasServed)[] loads) => Correct(Estimate, loads);

    private static CorrectedMemory Correct(MemoryEstimate estimate, params (long Bytes, bool HasServed)[] loads) =>
        CorrectedMemory.Of(estimate, [.. loads.Select(static (load, number) => new LoadPeak("k", number, load.Bytes, null, load.HasServed))]);
}
