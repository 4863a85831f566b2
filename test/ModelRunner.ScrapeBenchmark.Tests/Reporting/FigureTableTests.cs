using ModelRunner.ScrapeBenchmark.Measuring;
using ModelRunner.ScrapeBenchmark.Pages;
using ModelRunner.ScrapeBenchmark.Reporting;

namespace ModelRunner.ScrapeBenchmark.Tests.Reporting;

public sealed class FigureTableTests
{
    private const int Mebibyte = 1024 * 1024;

    [Fact]
    public void A_line_tells_medians_and_the_ratio_of_neighbours() => Assert.Equal(
        "| 10 × llama-server | 0.250 / **0.500** / 2.00 | 0.400 | 0.100 | 0.700 | 3.00 | 300 | 0.020 | 30.0 | 42.0 | 12 | 0.125 | 4.00 |",
        Line([Figures(2, 40), Figures(0.25, 41), Figures(0.5, 42)], [Figures(0.5, 9), Figures(0.125, 9), Figures(0.1, 9)]));

    [Fact]
    public void Without_a_floor_there_are_no_columns_for_it()
    {
        using var output = new StringWriter();
        var table = new FigureTable(output, hasFloor: false);
        table.WriteHead();
        table.Write(new Workload(10, SamplePage.Llama), [Figures(1, 1)], []);

        string[] lines = output.ToString().TrimEnd().Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.Single(lines.Select(static line => line.Count(static character => character == '|')).Distinct());
        Assert.DoesNotContain("floor", lines[0], StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData(0.0123, "0.012")]
    [InlineData(0.9996, "1.00")]
    [InlineData(9.994, "9.99")]
    [InlineData(9.996, "10.0")]
    [InlineData(99.96, "100")]
    [InlineData(12345, "12345")]
    [InlineData(double.NaN, "–")]
    public void A_figure_has_three_digits_that_count(double value, string text) => Assert.Equal(text, FigureTable.Text(value));

    private static string Line(IReadOnlyList<ScrapeFigures> daemon, IReadOnlyList<ScrapeFigures> floor)
    {
        using var output = new StringWriter();
        new FigureTable(output, hasFloor: true).Write(new Workload(10, SamplePage.Llama), daemon, floor);
        return output.ToString().TrimEnd();
    }

    private static ScrapeFigures Figures(double cpu, int peak) => new()
    {
        Scrapes = 100,
        CpuMilliseconds = cpu,
        UserShare = 0.8,
        MedianMilliseconds = 0.7,
        SlowMilliseconds = 3,
        PageBytes = 20_000,
        ResidentBytes = 30 * Mebibyte,
        PeakBytes = peak * Mebibyte,
        ForeignPercent = 12.34,
    };
}
