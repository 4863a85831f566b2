using ModelRunner.Configuration;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Runners;

/// <summary>Models that are loaded without a request while no setting limits the memory: it is measured before each decision about them.</summary>
public sealed class ResidentMemoryTests : IAsyncDisposable
{
    private const long Mebibyte = 1 << 20;

    private static readonly AttachedRunnerSettings Attached = new("llama.cpp", "x:latest", RunnerMode.Completion, "/nowhere/x.sock", null, null);

    private readonly PoolBed _bed;
    private long _free = 100 * Mebibyte;

    public ResidentMemoryTests() => _bed = new PoolBed([Attached], () => _free);

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    [Fact]
    public async Task One_that_needs_more_than_is_measured_is_not_started_at_the_first_list()
    {
        await SetAsync(("a", 200));

        Assert.Equal(0, _bed.Launcher.Untaken);
        Assert.StartsWith(
            "Model a:latest is not preloaded: model \"a:latest\" needs about 200 MiB, and the limit for all models together is 100 MiB",
            Assert.Single(_bed.Pool.ResidentProblems), StringComparison.Ordinal);

        _free = 300 * Mebibyte;
        _bed.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("a:latest", (await _bed.StartedAsync()).Key.Model);
        await _bed.SettleAsync();
        Assert.Empty(_bed.Pool.ResidentProblems);
    }

    [Fact]
    public async Task One_that_a_later_list_adds_is_measured_too()
    {
        _free = 300 * Mebibyte;
        await SetAsync(("a", 50));
        await _bed.ReadyAsync(await _bed.StartedAsync());

        _free = 100 * Mebibyte;
        _bed.Time.Advance(MemoryMeter.MaxAge);
        await SetAsync(("a", 50), ("b", 60));

        Assert.Equal(0, _bed.Launcher.Untaken);
    }

    [Fact]
    public async Task Of_two_that_fit_only_alone_one_is_started()
    {
        await SetAsync(("a", 60), ("b", 60));

        Assert.Equal("a:latest", (await _bed.StartedAsync()).Key.Model);
        await _bed.SettleAsync();
        Assert.Equal(0, _bed.Launcher.Untaken);
    }

    [Fact]
    public async Task One_that_crashed_is_measured_before_it_comes_back()
    {
        await SetAsync(("a", 60));
        FakeRunner runner = await _bed.StartedAsync();
        await _bed.ReadyAsync(runner);

        _free = 50 * Mebibyte;
        _bed.Time.Advance(TimeSpan.FromMinutes(1));
        runner.Fail("it was killed", StopReason.Crashed);
        while (_bed.Pool.ResidentProblems.Count == 0 && _bed.Launcher.Untaken == 0)
            await _bed.SettleAsync();

        Assert.Equal(0, _bed.Launcher.Untaken);
    }

    [Fact]
    public async Task One_whose_attached_runner_a_reload_removes_is_measured()
    {
        _free = 300 * Mebibyte;
        await SetAsync(("x", 200));
        Assert.Equal(0, _bed.Launcher.Untaken);

        _free = 100 * Mebibyte;
        _bed.Time.Advance(MemoryMeter.MaxAge);
        _bed.Configure(_bed.Settings with { AttachedRunners = [] });
        await _bed.SettleAsync();

        Assert.Equal(0, _bed.Launcher.Untaken);
        Assert.Single(_bed.Pool.ResidentProblems);
    }

    private async Task SetAsync(params (string Name, long Mebibytes)[] models)
    {
        _bed.Pool.SetResidents(models
            .Select(static model => PoolBed.Model(model.Name) with { Settings = new ModelSettings { MemoryBytes = model.Mebibytes * Mebibyte } })
            .ToDictionary(model => _bed.Pool.KeyOf(null, model, RunnerMode.Completion)));
        await _bed.SettleAsync();
    }
}
