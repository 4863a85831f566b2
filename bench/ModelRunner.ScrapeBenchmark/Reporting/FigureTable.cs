using System.Globalization;
using ModelRunner.ScrapeBenchmark.Measuring;

namespace ModelRunner.ScrapeBenchmark.Reporting;

/// <summary>A Markdown table; each line is written as soon as it is known.</summary>
/// <param name="output">Where the table is written.</param>
/// <param name="hasFloor">Whether it compares with the floor.</param>
internal sealed class FigureTable(TextWriter output, bool hasFloor)
{
    private const double Mebibyte = 1024 * 1024;

    private static readonly string[] Columns =
    [
        "Runners × page", "CPU ms (min / median / max)", "User ms", "System ms", "p50 ms", "p99 ms", "Scrapes", "Page MB", "RSS MiB", "Peak MiB",
        "Foreign %",
    ];

    private static readonly string[] FloorColumns = ["Floor CPU ms", "× floor"];

    /// <summary>Writes the header of the table.</summary>
    public void WriteHead()
    {
        string[] columns = [.. Columns, .. hasFloor ? FloorColumns : []];
        WriteLine(columns);
        WriteLine([.. columns.Select(static _ => "---")]);
    }

    /// <summary>Writes a line: medians over the runs, except for CPU time and peak memory.</summary>
    /// <param name="workload">The scraped workload.</param>
    /// <param name="daemon">The runs of the daemon; one at least.</param>
    /// <param name="floor">The runs of the floor, each of which followed one of the daemon; none if there is no floor.</param>
    public void Write(Workload workload, IReadOnlyList<ScrapeFigures> daemon, IReadOnlyList<ScrapeFigures> floor)
    {
        double cpu = Median(daemon, static run => run.CpuMilliseconds);
        double user = Median(daemon, static run => run.UserShare);
        string[] cells =
        [
            workload.ToString(),
            $"{Text(daemon.Min(static run => run.CpuMilliseconds))} / **{Text(cpu)}** / {Text(daemon.Max(static run => run.CpuMilliseconds))}",
            Text(cpu * user),
            Text(cpu * (1 - user)),
            Text(Median(daemon, static run => run.MedianMilliseconds)),
            Text(Median(daemon, static run => run.SlowMilliseconds)),
            daemon.Sum(static run => run.Scrapes).ToString(CultureInfo.InvariantCulture),
            Text(Median(daemon, static run => run.PageBytes / 1e6)),
            Text(Median(daemon, static run => run.ResidentBytes / Mebibyte)),
            Text(daemon.Max(static run => run.PeakBytes / Mebibyte)),
            Median(daemon, static run => run.ForeignPercent).ToString("F0", CultureInfo.InvariantCulture),
        ];
        WriteLine(floor.Count == 0 ? cells :
        [
            .. cells, Text(Median(floor, static run => run.CpuMilliseconds)),
            Text(Median([.. daemon.Zip(floor)], static pair => pair.First.CpuMilliseconds / pair.Second.CpuMilliseconds)),
        ]);
    }

    /// <summary>Three significant digits, or a dash for an unknown value.</summary>
    public static string Text(double value) => double.IsNaN(value) ? "–" : value.ToString(
        value switch { >= 99.95 => "F0", >= 9.995 => "F1", >= 0.9995 => "F2", _ => "F3" }, CultureInfo.InvariantCulture);

    private static double Median<T>(IReadOnlyList<T> runs, Func<T, double> figure)
    {
        double[] figures = [.. runs.Select(figure).Order()];
        return figures[(figures.Length - 1) / 2];
    }

    private void WriteLine(string[] cells) => output.WriteLine($"| {string.Join(" | ", cells)} |");
}
