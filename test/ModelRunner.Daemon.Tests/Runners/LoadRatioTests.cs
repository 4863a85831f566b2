using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Runners;

namespace ModelRunner.Daemon.Tests.Runners;

public sealed class LoadRatioTests
{
    [Fact]
    public void Only_the_last_ten_minutes_count()
    {
        var time = new FakeTimeProvider();
        var ratio = new LoadRatio(time);
        Assert.Null(ratio.Value);
        ratio.Count(loads: 3, requests: 4);
        Assert.Equal(0.75, ratio.Value);
        time.Advance(TimeSpan.FromMinutes(5));
        ratio.Count(loads: 0, requests: 2);
        Assert.Equal(0.5, ratio.Value);
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(0, ratio.Value);
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.Null(ratio.Value);
    }

    [Fact]
    public async Task The_pool_counts_starts_and_the_requests_of_its_runners()
    {
        await using var bed = new PoolBed(new RunnerSettings());
        (_, RunnerLease lease) = await bed.LoadAsync("a");
        lease.Dispose();
        using RunnerLease second = (await bed.Ask("a")).Lease!;
        await bed.SettleAsync();
        Assert.Equal(0.5, bed.Pool.LoadRatio.Value);
    }
}
