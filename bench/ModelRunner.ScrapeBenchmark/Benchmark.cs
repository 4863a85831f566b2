using ModelRunner.ScrapeBenchmark.Aggregators;
using ModelRunner.ScrapeBenchmark.Pages;
using ModelRunner.ScrapeBenchmark.Reporting;
using ModelRunner.ScrapeBenchmark.Runners;

namespace ModelRunner.ScrapeBenchmark;

/// <summary>Measures the daemon, and next to it the floor, with fake runners.</summary>
internal static class Benchmark
{
    private static readonly TimeSpan MaxWarmUp = TimeSpan.FromSeconds(1);

    /// <summary>Runs all requested measurements, and writes a line of the table for each.</summary>
    /// <exception cref="BenchmarkException">A page is wrong, or the daemon does not run.</exception>
    public static async Task RunAsync(BenchmarkOptions options, TextWriter output, CancellationToken cancellation)
    {
        var table = new FigureTable(output, options.HasFloor);
        table.WriteHead();
        foreach (Workload workload in options.Workloads)
            await RunAsync(workload, options, table, cancellation);
    }

    private static async Task RunAsync(Workload workload, BenchmarkOptions options, FigureTable table, CancellationToken cancellation)
    {
        string folder = Directory.CreateTempSubdirectory("scrape-").FullName;
        try
        {
            using var runners = new FakeRunners(folder, workload);
            await using var daemon = new Aggregator(
                "daemon",
                await Launcher.StartDaemonAsync(options.DaemonPath, folder, workload.Runners, cancellation),
                workload.Form,
                page => MergedPage.FindFault(page.Span, workload));
            await using Aggregator? floor = options.HasFloor ? await StartFloorAsync(workload, folder, cancellation) : null;
            Measure(floor is null ? [daemon] : [daemon, floor], options, cancellation);
            table.Write(workload, daemon.Figures, floor?.Figures ?? []);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // The daemon and the floor alternate, so that other load on the machine affects both.
    private static void Measure(Aggregator[] aggregators, BenchmarkOptions options, CancellationToken cancellation)
    {
        foreach (Aggregator aggregator in aggregators)
            aggregator.WarmUp(options.Duration < MaxWarmUp ? options.Duration : MaxWarmUp, cancellation);
        for (int run = 0; run < options.Runs; run++)
            foreach (Aggregator aggregator in aggregators)
                aggregator.Measure(options.Duration, cancellation);
        foreach (Aggregator aggregator in aggregators)
            aggregator.Check(cancellation);
    }

    private static async Task<Aggregator> StartFloorAsync(Workload workload, string folder, CancellationToken cancellation) => new(
        "floor",
        await Launcher.StartFloorAsync(folder, workload.Runners, cancellation),
        PageForm.Text,
        page => page.Length == workload.Bytes ? null : $"it has {page.Length} bytes, and those of the runners have {workload.Bytes}");
}
