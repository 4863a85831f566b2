using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Runners;

/// <summary>What a client that waits is told about the load of its model.</summary>
public sealed class ExpectedLoadTests
{
    [Fact]
    public async Task The_expected_time_is_that_of_the_engine_that_loads_the_model_now()
    {
        await using var bed = new PoolBed();

        Assert.Null(await LoadAsync(bed, "fast", 0.1));
        Assert.Equal(0.1, await LoadAsync(bed, "fast", 0.1));
        Assert.Equal(0.1, await LoadAsync(bed, "slow", 7));
        Assert.Equal(7, await LoadAsync(bed, "slow", 7));
        Assert.Equal(0.1, await LoadAsync(bed, "fast", 0.1));
    }

    [Fact]
    public async Task The_model_makes_room_whose_next_load_is_expected_to_be_the_shortest()
    {
        await using var bed = new PoolBed(new RunnerSettings { MaxRunners = 2, SwapDelay = TimeSpan.Zero, MinStay = TimeSpan.Zero });

        // The last load of a was shorter than that of b, but its loads take longer on average.
        await LoadAsync(bed, "fast", 60);
        await StayAsync(bed, "a", 1);
        await StayAsync(bed, "b", 5);
        Task<AcquireOutcome> asked = bed.Ask("c");
        await bed.SettleAsync();
        bed.Time.Advance(TimeSpan.FromSeconds(30));
        (await bed.StartedAsync()).BecomeReady();
        (await asked).Lease!.Dispose();

        Assert.Equal(["a:latest", "c:latest"], bed.Pool.Runners.Where(static runner => runner.State == RunnerState.Ready).Select(static runner => runner.Key.Model));
    }

    private static async Task StayAsync(PoolBed bed, string name, double seconds)
    {
        ModelEntry model = PoolBed.Model(name) with { Settings = new ModelSettings { Build = "fast" } };
        Task<AcquireOutcome> asked = bed.Pool.AcquireAsync(bed.Pool.KeyOf(null, model, RunnerMode.Completion), model, bed.Limit);
        FakeRunner runner = await bed.StartedAsync();

        // The client is told after the start.
        await bed.SettleAsync();
        bed.Time.Advance(TimeSpan.FromSeconds(seconds));
        runner.BecomeReady();
        (await asked).Lease!.Dispose();
    }

    // Returns the seconds that were announced.
    private static async Task<double?> LoadAsync(PoolBed bed, string build, double seconds)
    {
        ModelEntry model = PoolBed.Model("a") with { Settings = new ModelSettings { Build = build } };
        var notice = new QueueNotice();
        Task<AcquireOutcome> asked = bed.Pool.AcquireAsync(
            bed.Pool.KeyOf(null, model, RunnerMode.Completion), model, bed.Limit, notice: notice);
        FakeRunner runner = await bed.StartedAsync();

        // The client is told after the start.
        await bed.SettleAsync();
        bed.Time.Advance(TimeSpan.FromSeconds(seconds));
        runner.BecomeReady();
        (await asked).Lease!.Dispose();
        await bed.Pool.UnloadAsync(new UnloadSelection(null, null), bed.Limit);
        return notice.ExpectedLoad?.TotalSeconds;
    }
}
