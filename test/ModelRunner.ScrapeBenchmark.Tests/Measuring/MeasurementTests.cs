using ModelRunner.ScrapeBenchmark.Http;
using ModelRunner.ScrapeBenchmark.Measuring;

namespace ModelRunner.ScrapeBenchmark.Tests.Measuring;

public sealed class MeasurementTests
{
    private readonly ProcessProbe _self = new(Environment.ProcessId);

    [Fact]
    public void CPU_time_is_told_per_scrape()
    {
        int scrapes = 0;
        ScrapeFigures figures = Measurement.Run(
            _self,
            () =>
            {
                scrapes++;
                Burn(nanoseconds: 5_000_000);
                return new PageSize(scrapes, 1);
            },
            TimeSpan.FromMilliseconds(200));

        Assert.Equal(scrapes, figures.Scrapes);
        Assert.Equal(scrapes, figures.PageBytes);
        Assert.InRange(figures.CpuMilliseconds, 5, 50);
        Assert.InRange(figures.SlowMilliseconds, figures.MedianMilliseconds, 60_000);
        Assert.InRange(figures.MedianMilliseconds, 5.0 / Environment.ProcessorCount, 60_000);
        Assert.InRange(figures.ResidentBytes, 1 << 20, figures.PeakBytes + (64 << 20));
        Assert.InRange(figures.ForeignPercent, 0, 100 * Environment.ProcessorCount);
    }

    [Fact]
    public void One_scrape_is_made_however_short_the_time_is() =>
        Assert.Equal(1, Measurement.Run(_self, static () => default, TimeSpan.Zero).Scrapes);

    [Fact]
    public void Half_of_the_scrapes_and_99_of_100_keep_within_the_times_that_are_told()
    {
        int scrapes = 0;
        ScrapeFigures figures = Measurement.Run(
            _self,
            () =>
            {
                if (++scrapes % 10 == 0)
                    Burn(nanoseconds: 20_000_000);
                return default;
            },
            TimeSpan.FromMilliseconds(300));

        Assert.InRange(figures.MedianMilliseconds, 0, figures.SlowMilliseconds / 2);
        Assert.InRange(figures.SlowMilliseconds, 20.0 / Environment.ProcessorCount, 60_000);
    }

    // By the clock of the process, so that other tests of it make no difference.
    private void Burn(long nanoseconds)
    {
        long end = _self.CpuNanoseconds + nanoseconds;
        while (_self.CpuNanoseconds < end)
            Thread.SpinWait(100);
    }
}
