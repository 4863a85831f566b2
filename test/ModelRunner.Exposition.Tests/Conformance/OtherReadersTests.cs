using ModelRunner.Exposition.Tests.OpenMetricsValidation;
using ModelRunner.Exposition.Tests.Support;
using ModelRunner.Exposition.Tests.TextValidation;

namespace ModelRunner.Exposition.Tests.Conformance;

/// <summary>The readers of the world take our pages and find in them what we say is there.</summary>
public sealed class OtherReadersTests
{
    /// <summary>Each sample page by itself, all of them together, both formats' conformance cases, the hostile bodies, and the golden pages.</summary>
    private const int Pages = 128 + 1 + 2 + 1 + 8;

    [Fact(Timeout = 180_000)]
    public async Task Promtool_takes_every_merged_page()
    {
        Assert.Equal(Pages, MergedCases.Text.Count);
        Assert.Empty(await Promtool.RefusedAsync(MergedCases.Text, TestContext.Current.CancellationToken));
    }

    [Fact(Timeout = 180_000)]
    public async Task Prometheus_client_reads_every_merged_page_sample_by_sample()
    {
        var pages = MergedCases.TextAndOpenMetrics;
        var readings = await PythonClient.ReadAsync(pages, TestContext.Current.CancellationToken);

        Assert.Equal((2 * Pages, 2 * Pages), (pages.Count, readings.Count));
        Assert.All(pages, page =>
        {
            var reading = readings[page.Key.Replace(' ', '_')];
            var isOpenMetrics = page.Key.EndsWith(".om", StringComparison.Ordinal);
            Assert.Null(reading.Error);
            Assert.Equal(PythonClient.Expected(isOpenMetrics ? OpenMetricsValidator.Read(page.Value) : TextPageValidator.Read(page.Value)), reading.Samples);
        });
    }

    [Theory(Timeout = 180_000)]
    [InlineData(2, false)]
    [InlineData(3, false)]
    [InlineData(3, true)]
    public async Task Prometheus_scrapes_every_merged_page_and_stores_every_sample(int version, bool isUtf8)
    {
        var pages = isUtf8 ? MergedCases.Utf8 : MergedCases.TextAndOpenMetrics;
        await using var server = await PrometheusServer.StartAsync(pages, TestContext.Current.CancellationToken, version);
        var targets = await server.ScrapeAllAsync(TestContext.Current.CancellationToken);

        Assert.Equal((2 * Pages, 2 * Pages), (pages.Count, targets.Count));
        Assert.All(pages, page =>
        {
            var isOpenMetrics = page.Key.EndsWith(".om", StringComparison.Ordinal);
            var families = isOpenMetrics ? OpenMetricsValidator.Read(page.Value) : TextPageValidator.Read(page.Value);
            Assert.True(targets[page.Key].Error.Length == 0, $"{page.Key}: {targets[page.Key].Error}");
            Assert.Equal(families.Sum(family => family.Samples.Count), targets[page.Key].Samples);
        });
    }

    /// <summary>A judge who takes everything is none.</summary>
    [Theory(Timeout = 180_000)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Each_of_them_refuses_a_page_that_is_wrong(int version)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var pages = new Dictionary<string, byte[]>
        {
            ["good.txt"] = "# TYPE x counter\nx 1\n"u8.ToArray(), ["bad.txt"] = "x{a=\"1\" 1\n"u8.ToArray(),
            ["good.om"] = "# TYPE x counter\nx_total 1\n# EOF\n"u8.ToArray(), ["bad.om"] = "# TYPE x counter\nx_total 1\n"u8.ToArray(),
        };
        var readings = await PythonClient.ReadAsync(pages, cancellation);
        await using var server = await PrometheusServer.StartAsync(pages, cancellation, version);
        var targets = await server.ScrapeAllAsync(cancellation);

        Assert.Equal("bad.txt", Assert.Single(await Promtool.RefusedAsync(new Dictionary<string, byte[]> { ["good.txt"] = pages["good.txt"], ["bad.txt"] = pages["bad.txt"] }, cancellation)).Split(':')[0]);
        Assert.Equal(["bad.om", "bad.txt"], readings.Where(reading => reading.Value.Error is not null).Select(reading => reading.Key).Order(StringComparer.Ordinal));
        Assert.Equal(["bad.om", "bad.txt"], targets.Where(target => target.Value.Error.Length > 0).Select(target => target.Key).Order(StringComparer.Ordinal));
    }

    /// <summary>Quoted names are left out: the prometheus_client of a distribution may be too old for them.</summary>
    [Fact(Timeout = 180_000)]
    public async Task Prometheus_client_finds_the_same_samples_in_what_must_be_accepted()
    {
        var cases = ConformanceCase.Of("promtext", "must-accept").Where(item => !item.HasUtf8Names).ToDictionary(item => item.File, item => item.Bytes);
        var readings = await PythonClient.ReadAsync(cases, TestContext.Current.CancellationToken);

        Assert.Equal(50, cases.Count);
        Assert.All(cases, item =>
        {
            Assert.Null(readings[item.Key].Error);
            Assert.Equal(
                PythonClient.Expected(ReadOutcome.Of(item.Value, ExpositionStrictness.Strict).Samples),
                PythonClient.WithoutTotal(readings[item.Key].Samples));
        });
    }
}
