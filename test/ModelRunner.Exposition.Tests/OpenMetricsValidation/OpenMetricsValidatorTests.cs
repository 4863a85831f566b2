using ModelRunner.Exposition.Tests.Support;

namespace ModelRunner.Exposition.Tests.OpenMetricsValidation;

/// <summary>The validator is right about every case of the OpenMetrics suites before it judges our own pages.</summary>
public sealed class OpenMetricsValidatorTests
{
    [Fact]
    public void Accepts_all_that_must_be_accepted()
    {
        var cases = ConformanceCase.Of("openmetrics", "must-accept").ToArray();
        var refused = cases.Select(item => (item.File, Problem: OpenMetricsValidator.Problem(item.Bytes))).Where(item => item.Problem is not null);

        Assert.Equal(114, cases.Length);
        Assert.Empty(refused);
    }

    [Fact]
    public void Refuses_all_that_must_be_refused()
    {
        var cases = ConformanceCase.Of("openmetrics", "must-refuse").ToArray();
        var accepted = cases.Where(item => OpenMetricsValidator.Problem(item.Bytes) is null).Select(item => item.File);

        Assert.Equal(416, cases.Length);
        Assert.Empty(accepted);
    }

    /// <summary>Where the references disagree the validator holds to the text of the specification.</summary>
    [Theory]
    [InlineData("TestOpenMetricsParse.txt", "an exemplar where none can be: hhh_count")]
    [InlineData("TestOpenMetricsParse_UTF8.txt", "an exemplar where none can be: quotedexemplar_count")]
    [InlineData("alltypes.5mfs.om.txt", "what counts is negative: rpc_durations_histogram_seconds_sum")]
    public void Refuses_what_only_some_readers_take(string file, string problem)
    {
        var item = Assert.Single(ConformanceCase.Of("openmetrics", "disputed"), item => item.File.EndsWith("/" + file, StringComparison.Ordinal));

        Assert.StartsWith(problem, OpenMetricsValidator.Problem(item.Bytes));
    }

    [Fact]
    public void Comes_to_an_end_with_every_seed_of_the_fuzzers()
    {
        var cases = ConformanceCase.Of("openmetrics", "no-crash").ToArray();

        Assert.Equal(3, cases.Length);
        Assert.All(cases, item => Assert.NotEqual("", OpenMetricsValidator.Problem(item.Bytes)));
    }
}
