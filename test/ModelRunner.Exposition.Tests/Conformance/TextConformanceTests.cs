using System.Text;
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
            if (item.DecodedValue is { } value)
                Assert.Contains(Assert.Single(outcome.Samples).Labels, label => label.Key == "foo" && label.Value == value);
        });
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
