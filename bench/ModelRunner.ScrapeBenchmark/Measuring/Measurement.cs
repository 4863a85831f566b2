using System.Diagnostics;
using ModelRunner.ScrapeBenchmark.Http;

namespace ModelRunner.ScrapeBenchmark.Measuring;

/// <summary>A running measurement: the clocks at its beginning, and the duration of each scrape.</summary>
internal sealed class Measurement
{
    private static readonly ProcessProbe Self = new(Environment.ProcessId);

    private readonly ProcessProbe _aggregator;
    private readonly List<TimeSpan> _times = [];
    private readonly long _cpu;
    private readonly (long User, long System) _ticks;
    private readonly long _ownCpu;
    private readonly long _busy;
    private readonly long _beginning;

    private Measurement(ProcessProbe aggregator)
    {
        _aggregator = aggregator;
        aggregator.ForgetPeak();
        (_busy, _ownCpu) = (MachineProbe.BusyNanoseconds, Self.CpuNanoseconds);
        (_ticks, _cpu) = (aggregator.CpuTicks, aggregator.CpuNanoseconds);
        _beginning = Stopwatch.GetTimestamp();
    }

    /// <summary>Scrapes in a closed loop: each request follows the previous response at once.</summary>
    /// <param name="aggregator">The measured process.</param>
    /// <param name="scrape">Requests one page.</param>
    /// <param name="duration">No scrape begins after this time; at least one is made.</param>
    public static ScrapeFigures Run(ProcessProbe aggregator, Func<PageSize> scrape, TimeSpan duration)
    {
        var measurement = new Measurement(aggregator);
        PageSize page;
        do
        {
            long beginning = Stopwatch.GetTimestamp();
            page = scrape();
            measurement._times.Add(Stopwatch.GetElapsedTime(beginning));
        }
        while (Stopwatch.GetElapsedTime(measurement._beginning) < duration);
        return measurement.Finish(page);
    }

    private ScrapeFigures Finish(PageSize page)
    {
        long cpu = _aggregator.CpuNanoseconds - _cpu;
        TimeSpan elapsed = Stopwatch.GetElapsedTime(_beginning);
        long foreign = MachineProbe.BusyNanoseconds - _busy - cpu - (Self.CpuNanoseconds - _ownCpu);
        (long user, long system) = _aggregator.CpuTicks;
        _times.Sort();
        return new ScrapeFigures
        {
            Scrapes = _times.Count,
            CpuMilliseconds = cpu / 1e6 / _times.Count,
            UserShare = (double)(user - _ticks.User) / (user - _ticks.User + system - _ticks.System),
            MedianMilliseconds = Quantile(0.5),
            SlowMilliseconds = Quantile(0.99),
            PageBytes = page.Bytes,
            ResidentBytes = _aggregator.ResidentBytes,
            PeakBytes = _aggregator.PeakBytes,
            ForeignPercent = Math.Max(0, foreign / elapsed.TotalNanoseconds * 100),
        };
    }

    private double Quantile(double share) => _times[(int)((_times.Count - 1) * share)].TotalMilliseconds;
}
