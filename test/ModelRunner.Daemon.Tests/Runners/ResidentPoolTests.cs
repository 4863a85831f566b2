using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Runners;

public sealed class ResidentPoolTests
{
    [Fact]
    public async Task A_resident_that_a_reload_removes_while_the_scheduler_starts_it_does_not_load_for_ever()
    {
        await using var bed = new PoolBed(new RunnerSettings { MaxRunners = 2 });
        (_, RunnerLease busy) = await bed.LoadAsync("a");
        (await bed.LoadAsync("b")).Lease.Dispose();
        bed.Pool.SetResidents(new Dictionary<RunnerKey, ModelEntry> { [KeyOf(bed, "x")] = PoolBed.Model("x") });
        await bed.SettleAsync();

        // Model c takes the place of b, so what nothing needs now is forgotten.
        Task<AcquireOutcome> asked = bed.Ask("c");
        await bed.SettleAsync();
        bed.Time.Advance(TimeSpan.FromSeconds(30));
        FakeRunner runner = await bed.StartedAsync();
        runner.BecomeReady();
        (await asked).Lease!.Dispose();
        await bed.SettleAsync();
        Assert.Equal(0, bed.Launcher.Untaken);

        // The loop stands still in the stop of c while the reload arrives.
        using var stops = new SemaphoreSlim(0);
        using var goesOn = new ManualResetEventSlim();
        runner.OnProcessId = () =>
        {
            stops.Release();
            goesOn.Wait(DaemonFixture.Patience);
        };
        Task<int> unloading = bed.Pool.UnloadAsync(new UnloadSelection(null, ["c:latest"]), bed.Limit);
        await stops.WaitAsync(bed.Limit);
        bed.Configure(bed.Settings with { Runners = bed.Settings.Runners with { MaxRunners = 3 } });
        bed.Pool.SetResidents(new Dictionary<RunnerKey, ModelEntry>());
        runner.OnProcessId = null;
        goesOn.Set();

        FakeRunner started = await bed.StartedAsync();
        Assert.Equal("x:latest", started.Key.Model);
        started.BecomeReady();
        await unloading;

        // The event of the ready runner is posted by another thread, so it may come later than what is posted here.
        await DaemonFixture.WaitUntilAsync(
            () => Task.FromResult(bed.Pool.Runners.Any(static one => one is { Key.Model: "x:latest", State: RunnerState.Ready })), DaemonFixture.Patience);
        Assert.False(Assert.Single(bed.Pool.Runners, static one => one.Key.Model == "x:latest").IsResident);
        busy.Dispose();
    }

    [Fact]
    public async Task The_last_of_two_lists_counts()
    {
        await using var bed = new PoolBed(new RunnerSettings { MaxRunners = 2 });
        bed.Pool.SetResidents(new Dictionary<RunnerKey, ModelEntry> { [KeyOf(bed, "x")] = PoolBed.Model("x") });
        FakeRunner first = await bed.StartedAsync();
        bed.Pool.SetResidents(new Dictionary<RunnerKey, ModelEntry> { [KeyOf(bed, "y")] = PoolBed.Model("y") });
        FakeRunner second = await bed.StartedAsync();
        first.BecomeReady();
        second.BecomeReady();
        await bed.SettleAsync();

        Assert.Equal("y:latest", Assert.Single(bed.Pool.Runners, static one => one.IsResident).Key.Model);
    }

    [Fact]
    public async Task A_longer_list_does_not_bring_back_what_was_unloaded()
    {
        await using var bed = new PoolBed(new RunnerSettings { MaxRunners = 2 });
        bed.Pool.SetResidents(new Dictionary<RunnerKey, ModelEntry> { [KeyOf(bed, "x")] = PoolBed.Model("x") });
        (await bed.StartedAsync()).BecomeReady();
        await bed.Pool.UnloadAsync(new UnloadSelection(null, ["x:latest"]), bed.Limit);
        bed.Pool.SetResidents(
            new Dictionary<RunnerKey, ModelEntry> { [KeyOf(bed, "x")] = PoolBed.Model("x"), [KeyOf(bed, "y")] = PoolBed.Model("y") }, keepsUnloaded: true);

        Assert.Equal("y:latest", (await bed.StartedAsync()).Key.Model);
        await bed.SettleAsync();
        Assert.Equal(0, bed.Launcher.Untaken);
    }

    private static RunnerKey KeyOf(PoolBed bed, string name) => bed.Pool.KeyOf(null, PoolBed.Model(name), RunnerMode.Completion);
}
