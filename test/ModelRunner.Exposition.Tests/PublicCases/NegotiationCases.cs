using System.Text;
using ModelRunner.Exposition.Tests.OpenMetricsValidation;
using ModelRunner.Exposition.Tests.Support;
using static ModelRunner.Exposition.Tests.PublicCases.CaseFixture;

namespace ModelRunner.Exposition.Tests.PublicCases;

/// <summary>Group 6: formats that runners send and that scrapers ask for.</summary>
public sealed class NegotiationCases
{
    private const string TextType = "text/plain; version=0.0.4; charset=utf-8";

    [Fact]
    public void NEG_01_OpenMetrics_that_was_not_asked_for_is_converted()
    {
        var page = WithHealthy("# TYPE rt_build info\nrt_build_info{v=\"1\"} 1\n# TYPE rt_u unknown\nrt_u 1\n# EOF\n");

        Assert.Equal(["# TYPE rt_build_info gauge"], HeadOf(page, "rt_build_info"));
        Assert.Equal(["# TYPE rt_u untyped"], HeadOf(page, "rt_u"));
        Assert.Equal([$"rt_build_info{{{LabelsOfA},v=\"1\"}} 1", $"rt_u{{{LabelsOfA}}} 1"], SamplesOfA(page));
    }

    [Theory]
    [InlineData("rt:u{n=\"# EOF\"} 1\n# EOF\n")]
    [InlineData("rt:u{n=\"# EOF\"} 1\n# EOF\r\n")]
    [InlineData("rt:u{n=\"# EOF\"} 1")]
    public void NEG_02_The_end_mark_stands_once_and_last_and_only_in_OpenMetrics(string body)
    {
        var page = WithHealthy(body);
        var openMetrics = Encoding.UTF8.GetString(page.OpenMetrics).Split('\n');

        Assert.DoesNotContain("# EOF", Lines(page));
        Assert.Single(openMetrics, "# EOF");
        Assert.Equal("# EOF", openMetrics[^2]);
        Assert.Equal([$"rt:u{{{LabelsOfA},n=\"# EOF\"}} 1"], SamplesOfA(page));
    }

    [Fact]
    public void NEG_02_The_end_mark_of_one_runner_ends_nothing_for_the_next()
    {
        const string Healthy = "# HELP rt:units_total Units done\n# TYPE rt:units counter\nrt:units_total 5\n# EOF\n";
        var swapped = Check(new MergedPages().Add(Healthy, Finch, "embedding").Add("rt:u 1\n").Add("rt:v 2\n# EOF\n", "lab/third"));

        Assert.Equal([$"rt:u{{{LabelsOfA}}} 1", "rt:v{backend=\"llama.cpp\",model=\"lab/third\",mode=\"completion\"} 2"], SamplesOfA(swapped));
        Assert.DoesNotContain("EOF", swapped.TextString, StringComparison.Ordinal);
        Assert.Single(Encoding.UTF8.GetString(swapped.OpenMetrics).Split('\n'), "# EOF");
    }

    [Theory]
    [InlineData("application/openmetrics-text; version=1.0.0", ExpositionFormat.OpenMetrics100)]
    [InlineData("*/*", ExpositionFormat.Text004)]
    [InlineData(null, ExpositionFormat.Text004)]
    [InlineData("application/json", ExpositionFormat.Text004)]
    [InlineData("application/openmetrics-text;version=1.0.0;q=0.2,text/plain;version=0.0.4;q=0.9", ExpositionFormat.Text004)]
    public void NEG_03_The_header_says_what_the_body_is(string? accept, ExpositionFormat format)
    {
        var answer = ContentNegotiation.Negotiate(accept);
        var page = WithHealthy("rt:u 1\n").Write(answer.Format, answer.Escaping);

        Assert.Equal(format, answer.Format);
        Assert.Equal(format == ExpositionFormat.Text004, answer.ContentType == TextType);
        Assert.Equal(format == ExpositionFormat.OpenMetrics100, OpenMetricsValidator.Problem(page) is null);
    }

    [Fact]
    public void NEG_05_With_no_runner_the_header_is_the_same_and_the_page_is_valid()
    {
        var page = new MergedPages();

        Assert.Equal(TextType, ContentNegotiation.Negotiate("").ContentType);
        Assert.Empty(page.Text);
        Assert.Equal("# EOF\n"u8.ToArray(), page.OpenMetrics);
    }

    [Theory]
    [InlineData("gzip", true)]
    [InlineData("gzip;q=0", false)]
    [InlineData("identity", false)]
    [InlineData(null, false)]
    [InlineData("zstd", false)]
    [InlineData("gzip, br, deflate", true)]
    public void NEG_09_Gzip_is_used_only_where_it_is_allowed(string? acceptEncoding, bool expected) =>
        Assert.Equal(expected, ContentNegotiation.AcceptsGzip(acceptEncoding));

    [Fact]
    public void NEG_13_Timestamps_are_dropped_and_a_broken_one_costs_its_line()
    {
        var page = WithHealthy("rt:u 4 1000000000000\nrt:v 5 1784700000.123\n");

        Assert.Equal([$"rt:u{{{LabelsOfA}}} 4"], SamplesOfA(page));
        Assert.Equal(1, page.Summaries[0].Dropped(ExpositionErrorReason.InvalidTimestamp));
    }

    [Fact]
    public void NEG_14_A_counter_without_total_is_unknown_in_OpenMetrics()
    {
        var page = WithHealthy("# TYPE rt:per_step counter\nrt:per_step 2\n\n");

        Assert.Equal(["# TYPE rt:per_step counter"], HeadOf(page, "rt:per_step"));
        Assert.Equal("unknown", Assert.Single(OpenMetricsValidator.Read(page.OpenMetrics), family => family.Name == "rt:per_step").Type);
    }
}
