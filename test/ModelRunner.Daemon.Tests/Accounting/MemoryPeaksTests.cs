using ModelRunner.Daemon.Accounting;

namespace ModelRunner.Daemon.Tests.Accounting;

public sealed class MemoryPeaksTests
{
    private readonly MemoryPeaks _peaks = new();

    [Fact]
    public void A_later_measurement_of_a_load_replaces_the_earlier_one()
    {
        Record(1, 100);
        Record(1, 200);

        Assert.Equal([200], _peaks.Find("a").Select(static load => load.ResidentBytes));
        Assert.Equal([200], _peaks.TakeChanged().Select(static load => load.ResidentBytes));
        Assert.False(_peaks.HasChanged);
    }

    [Fact]
    public void The_latest_loads_and_the_largest_of_the_earlier_ones_stay()
    {
        foreach ((int load, long bytes) in ((long[])[10, 900, 20, 30, 800, 40, 50, 60, 70, 80, 90]).Index())
            Record(load, bytes);

        Assert.Equal([900, 800, 40, 50, 60, 70, 80, 90], _peaks.Find("a").Select(static load => load.ResidentBytes));
    }

    [Fact]
    public void Loads_of_earlier_processes_come_first()
    {
        Record(1, 5);
        _peaks.Restore([Peak(0, 4), Peak(-3, 3)]);

        Assert.Equal([3, 4, 5], _peaks.Find("a").Select(static load => load.ResidentBytes));
        Assert.Single(_peaks.TakeChanged());
        Assert.Equal(3, _peaks.All.Count);
    }

    [Fact]
    public void The_keys_that_were_loaded_least_recently_are_forgotten()
    {
        for (int i = 0; i <= MemoryPeaks.MaxKeys; i++)
            _peaks.Record(new LoadPeak($"{i}", i, 1, null, HasServed: true));

        Assert.Equal((0, 1), (_peaks.Find("0").Count, _peaks.Find("1").Count));
        Assert.Equal(MemoryPeaks.MaxKeys, _peaks.All.Count);
    }

    private void Record(long load, long bytes) => _peaks.Record(Peak(load, bytes));

    private static LoadPeak Peak(long load, long bytes) => new("a", load, bytes, null, HasServed: true);
}
