using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Runners;

public sealed class ResidentRetryTests
{
    [Fact]
    public async Task A_model_that_was_given_up_is_tried_again_with_other_settings()
    {
        await using var bed = new PoolBed();
        ModelEntry model = PoolBed.Model("x");
        Set(bed, model, keepsUnloaded: false);
        while (!bed.Pool.HasGivenUp)
        {
            bed.Time.Advance(TimeSpan.FromMinutes(1));
            await bed.SettleAsync();
            if (bed.Launcher.Untaken > 0)
                (await bed.StartedAsync()).Fail("the context is too large");
        }

        Set(bed, model, keepsUnloaded: true);
        await bed.SettleAsync();
        Assert.True(bed.Pool.HasGivenUp);
        Assert.Equal(0, bed.Launcher.Untaken);

        Set(bed, model with { Settings = new ModelSettings { ContextSize = 32 } }, keepsUnloaded: true);
        Assert.Equal("x:latest", (await bed.StartedAsync()).Key.Model);
    }

    private static void Set(PoolBed bed, ModelEntry model, bool keepsUnloaded) => bed.Pool.SetResidents(
        new Dictionary<RunnerKey, ModelEntry> { [bed.Pool.KeyOf(null, model, RunnerMode.Completion)] = model }, keepsUnloaded);
}
