using System.Globalization;

namespace ModelRunner.RequestBenchmark;

/// <summary>Measures the server alone, the daemon without and with its ledger, and other builds, one after the other in each run.</summary>
internal static class Comparison
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    private static readonly string[] Columns =
    [
        "Target", "Requests/s", "ratio", "CPU µs/request", "1 connection: p50 µs", "p99 µs", "added µs", "Streams: p50 µs/event", "p99 µs", "added µs",
    ];

    /// <summary>Runs all measurements, then writes the table: medians over the runs.</summary>
    /// <exception cref="ScrapeBenchmark.BenchmarkException">A response is wrong, or a daemon does not run.</exception>
    public static async Task RunAsync(RequestOptions options, TextWriter output, CancellationToken cancellation)
    {
        string folder = Directory.CreateTempSubdirectory("requests-").FullName;
        var targets = new List<Target>();
        try
        {
            using var server = new ResponseServer();
            targets.Add(Target.Direct(server));
            targets.Add(await Target.StartAsync("no ledger", options.Daemons[0], server, Path.Join(folder, "a"), hasLedger: false, cancellation));
            targets.Add(await Target.StartAsync("ledger", options.Daemons[0], server, Path.Join(folder, "b"), hasLedger: true, cancellation));
            foreach (string other in options.Daemons.Skip(1))
                targets.Add(await Target.StartAsync(other, other, server, Path.Join(folder, $"c{targets.Count}"), hasLedger: true, cancellation));
            await WriteAsync([.. targets.Select(static target => target.Name)], Measure(targets, options, cancellation), output);
        }
        finally
        {
            foreach (Target target in targets)
                await target.DisposeAsync();
            Directory.Delete(folder, recursive: true);
        }
    }

    // The targets alternate, so that other load on the machine affects all of them.
    private static List<LoadFigures>[] Measure(List<Target> targets, RequestOptions options, CancellationToken cancellation)
    {
        List<LoadFigures>[] figures = [.. targets.Select(static _ => new List<LoadFigures>())];
        foreach (Target target in targets)
            Load.Measure(target, options with { Duration = options.Duration < WarmUp ? options.Duration : WarmUp }, cancellation);
        for (int run = 0; run < options.Runs; run++)
            for (int number = 0; number < targets.Count; number++)
                figures[number].Add(Load.Measure(targets[number], options, cancellation));
        return figures;
    }

    // The ratio is that to the daemon without a ledger; what is added is the difference to the server alone.
    private static async Task WriteAsync(string[] names, List<LoadFigures>[] figures, TextWriter output)
    {
        await output.WriteLineAsync($"| {string.Join(" | ", Columns)} |");
        await output.WriteLineAsync($"|{string.Concat(Columns.Select(static _ => " --- |"))}");
        for (int number = 0; number < names.Length; number++)
        {
            List<LoadFigures> runs = figures[number];
            string[] cells =
            [
                names[number],
                Text(runs, static run => run.RequestsPerSecond),
                Compared(runs, figures[1], static run => run.RequestsPerSecond, static (own, other) => own / other, "F2"),
                Text(runs, static run => run.CpuMicroseconds),
                Text(runs, static run => run.MedianMicroseconds),
                Text(runs, static run => run.SlowMicroseconds),
                Compared(runs, figures[0], static run => run.MedianMicroseconds, static (own, other) => own - other, "F0"),
                Text(runs, static run => run.EventMicroseconds),
                Text(runs, static run => run.SlowEventMicroseconds),
                Compared(runs, figures[0], static run => run.EventMicroseconds, static (own, other) => own - other, "F0"),
            ];
            await output.WriteLineAsync($"| {string.Join(" | ", cells)} |");
        }
    }

    private static string Text(List<LoadFigures> runs, Func<LoadFigures, double> figure) => Text(runs.Select(figure), "F0");

    // The median over pairs of the same run.
    private static string Compared(
        List<LoadFigures> runs, List<LoadFigures> others, Func<LoadFigures, double> figure, Func<double, double, double> compare, string format) =>
        Text(runs.Zip(others, (own, other) => compare(figure(own), figure(other))), format);

    private static string Text(IEnumerable<double> values, string format)
    {
        double[] sorted = [.. values.Order()];
        double median = sorted[(sorted.Length - 1) / 2];
        return double.IsNaN(median) ? "–" : median.ToString(format, CultureInfo.InvariantCulture);
    }
}
