using System.Text;
using ModelRunner.Exposition.Tests.Oracle;
using ModelRunner.Exposition.Tests.Support;

namespace ModelRunner.Exposition.Tests.Conformance;

/// <summary>What the references agree on about text 0.0.4, case by case.</summary>
public sealed class TextConformanceTests
{
    [Fact]
    public void The_bytes_of_the_data_are_those_of_the_sources()
    {
        var changed = ConformanceCase.All.Where(item => !Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(item.Bytes)).Equals(item.Sha256, StringComparison.Ordinal));

        Assert.Equal(716, ConformanceCase.All.Count);
        Assert.Empty(changed);
    }

    [Theory]
    [InlineData(ExpositionStrictness.Strict)]
    [InlineData(ExpositionStrictness.Lenient)]
    public void All_that_must_be_accepted_is_read_without_an_error_and_sample_by_sample(ExpositionStrictness strictness)
    {
        var cases = ConformanceCase.Of("promtext", "must-accept").ToArray();

        Assert.Equal(63, cases.Length);
        Assert.All(cases, item =>
        {
            var outcome = ReadOutcome.Of(item.Bytes, strictness);
            Assert.Empty(outcome.Errors);
            Assert.Equal(SampleLines(item.Bytes), outcome.Samples.Count);
        });
    }

    [Theory]
    [InlineData("promtext", ExpositionFormat.Text004)]
    [InlineData("openmetrics", ExpositionFormat.OpenMetrics100)]
    public void Label_values_decode_to_what_the_notes_tell(string format, ExpositionFormat read)
    {
        var cases = ConformanceCase.Of(format, "must-accept").Where(item => item.DecodedValue is not null).ToArray();

        Assert.Equal(10, cases.Length);
        Assert.All(cases, item => Assert.Equal(
            [new("foo", item.DecodedValue!), new("bar", "baz")],
            Assert.Single(ReadOutcome.Of(item.Bytes, ExpositionStrictness.Strict, read).Samples).Labels));
    }

    [Fact]
    public void All_of_OpenMetrics_that_must_be_accepted_is_read_without_an_error()
    {
        // prometheus_client tries a form of native histograms that no version of the specification has; such a line costs itself here.
        var cases = ConformanceCase.Of("openmetrics", "must-accept").ToLookup(item => item.File.Contains("/test_native_", StringComparison.Ordinal));

        Assert.Equal((106, 8), (cases[false].Count(), cases[true].Count()));
        Assert.All(cases[true], item => Assert.NotEmpty(ReadOutcome.Of(item.Bytes, ExpositionStrictness.Lenient, ExpositionFormat.OpenMetrics100).Errors));
        Assert.All(cases[false], item =>
        {
            var outcome = ReadOutcome.Of(item.Bytes, ExpositionStrictness.Strict, ExpositionFormat.OpenMetrics100);
            Assert.True(outcome.Errors.Count == 0, $"{item.File}: {string.Join(", ", outcome.Errors)}");
            Assert.Equal(SampleLines(item.Bytes), outcome.Samples.Count);
        });
    }

    /// <summary>The oracle reads with strings and knows nothing of the readers; it has the samples, their values and every reason too.</summary>
    [Fact]
    public void Every_case_and_every_sample_page_is_read_as_the_oracle_reads_it()
    {
        var bodies = ConformanceCase.All.Select(item => item.Bytes).Concat(HostileBodies.All.Values).Concat(SamplePages.All.Values).ToArray();

        Assert.Equal(716 + 28 + 128, bodies.Length);
        foreach (var body in bodies)
            Differential.Check([new(body, "one")]);
        foreach (var pair in bodies.Where(body => body.Length < 4096).Chunk(2))
            Differential.Check([.. pair.Select((body, number) => new Differential.Source(body, $"{number}"))]);
    }

    [Fact]
    public void All_that_must_be_refused_is_an_error_of_the_strict_reading()
    {
        var cases = ConformanceCase.Of("promtext", "must-refuse").ToArray();
        var accepted = cases.Where(item => ReadOutcome.Of(item.Bytes, ExpositionStrictness.Strict).Errors.Count == 0);

        Assert.Equal(69, cases.Length);
        Assert.Empty(accepted.Select(item => item.File));
    }

    [Fact]
    public void Other_encodings_are_refused_as_text()
    {
        var cases = ConformanceCase.All.Where(item => item.Tier == "other").ToArray();

        Assert.Equal(6, cases.Length);
        Assert.All(cases, item => Assert.NotEmpty(ReadOutcome.Of(item.Bytes, ExpositionStrictness.Strict).Errors));
    }

    // In text every line is a sample that is neither blank nor begins with a number sign.
    private static int SampleLines(byte[] body) =>
        Encoding.UTF8.GetString(body).Split('\n').Select(line => line.Trim(' ', '\t')).Count(line => line.Length > 0 && line[0] != '#');
}
