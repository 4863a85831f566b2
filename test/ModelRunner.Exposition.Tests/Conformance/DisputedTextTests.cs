using ModelRunner.Exposition.Tests.Support;
using ModelRunner.Exposition.Tests.TextValidation;

namespace ModelRunner.Exposition.Tests.Conformance;

/// <summary>
/// Cases of text 0.0.4 about which Prometheus, expfmt and prometheus_client disagree. Each is decided once, here, with a reason, and what is read
/// is always written in the form that all of them take.
/// </summary>
public sealed class DisputedTextTests
{
    /// <summary>File, samples that are read, why.</summary>
    public static TheoryData<string, int, string> Accepted => new()
    {
        { "common-fuzz-corpus/from_test_parse_3", 12, "The page is plain; only old Prometheus refuses the timestamps in it." },
        { "common-fuzz-corpus/from_test_parse_error_0", 1, "The last line has no line feed: Prometheus takes it, and nothing can be glued to it, because every line is written anew." },
        { "common-fuzz-corpus/from_test_parse_error_1", 1, "An unknown escape stands for itself, as in Prometheus and prometheus_client; it is written with its backslash escaped." },
        { "common-fuzz-corpus/from_test_parse_error_12", 0, "A second HELP line contradicts nobody: the first one counts." },
        { "common-fuzz-corpus/from_test_parse_error_13", 0, "A second TYPE line with the same type says nothing new; with another type the family is untyped." },
        { "common-fuzz-corpus/from_test_parse_error_14", 1, "TYPE behind the samples is plain, and stands before them on the page." },
        { "common-fuzz-corpus/from_test_parse_error_19", 1, "A bound that is no number costs the histogram its type, not its sample." },
        { "common-fuzz-corpus/from_test_parse_error_7", 1, "A quantile that is no number costs the summary its type, not its sample." },
        { "common-text_parse/accept/003.txt", 12, "The page is plain; only old Prometheus refuses the timestamps in it." },
        { "common-text_parse/refuse/err000.txt", 2, "The last line has no line feed." },
        { "common-text_parse/refuse/err001.txt", 1, "An unknown escape stands for itself." },
        { "common-text_parse/refuse/err007.txt", 1, "A quantile that is no number costs the summary its type, not its sample." },
        { "common-text_parse/refuse/err012.txt", 0, "The first HELP line counts." },
        { "common-text_parse/refuse/err013.txt", 0, "A second TYPE line with the same type says nothing new." },
        { "common-text_parse/refuse/err014.txt", 1, "TYPE behind the samples is plain." },
        { "common-text_parse/refuse/err019.txt", 1, "A bound that is no number costs the histogram its type, not its sample." },
        { "common-text_parse/refuse/err032.txt", 1, "A hexadecimal bound is no number: the histogram loses its type, not its sample." },
        { "common-text_parse/refuse/err033.txt", 1, "A hexadecimal quantile is no number: the summary loses its type, not its sample." },
        { "common-text_parse/refuse/err043.txt", 7, "A negative count costs the histogram its type, not its samples." },
        { "common-text_parse/refuse/err044.txt", 7, "A negative bucket costs the histogram its type, not its samples." },
        { "common-text_parse/refuse/err045.txt", 7, "A negative count costs the histogram its type, not its samples." },
        { "common-text_parse/refuse/err046.txt", 7, "A negative bucket costs the histogram its type, not its samples." },
        { "client_python/accept/test_extra_whitespace_0.txt", 1, "Tokens are separated by any number of blanks and tabs." },
    };

    /// <summary>File, error of the strict reading, samples that are read leniently all the same, why.</summary>
    public static TheoryData<string, ExpositionErrorReason, int, string> Refused => new()
    {
        { "common-fuzz-corpus/from_test_parse_error_2", ExpositionErrorReason.InvalidLabels, 0, "A raw line feed in a label value ends the line: that is the rule that keeps a forged line from being hidden in a label." },
        { "common-text_parse/accept/015.txt", ExpositionErrorReason.InvalidMetadata, 7, "gaugehistogram is no type of text; read leniently its parts are gauges." },
        { "common-text_parse/accept/016.txt", ExpositionErrorReason.InvalidMetadata, 7, "gauge_histogram is no type of text; read leniently its parts are gauges." },
        { "common-text_parse/accept/017.txt", ExpositionErrorReason.InvalidMetadata, 7, "gauge_histogram is no type of text; read leniently its parts are gauges." },
        { "common-text_parse/refuse/err002.txt", ExpositionErrorReason.InvalidLabels, 0, "A raw line feed in a label value ends the line." },
        { "prometheus-textparse/accept/TestPromParse.txt", ExpositionErrorReason.InvalidLabels, 27, "A missing comma between labels is taken by Prometheus without intent; the strict reading sides with the other two." },
        { "client_python/accept/test_commas_0.txt", ExpositionErrorReason.InvalidLabels, 2, "A leading comma is fatal in Prometheus and expfmt; it costs its line here." },
    };

    [Fact]
    public void Every_disputed_case_is_decided()
    {
        var decided = Accepted.Select(row => row.Data.Item1).Concat(Refused.Select(row => row.Data.Item1)).Order(StringComparer.Ordinal);

        Assert.Equal(ConformanceCase.Of("promtext", "disputed").Select(item => item.File["promtext/".Length..]).Order(StringComparer.Ordinal), decided);
    }

    [Theory]
    [MemberData(nameof(Accepted))]
    public void Is_taken(string file, int samples, string reason)
    {
        var body = File.ReadAllBytes(RepositoryRoot.Data("conformance", "promtext", file));
        var strict = ReadOutcome.Of(body, ExpositionStrictness.Strict);

        Assert.NotEmpty(reason);
        Assert.Empty(strict.Errors);
        Assert.Equal(samples, strict.Samples.Count);
        Assert.Null(TextPageValidator.Problem(new MergedPages().Add(body).Text));
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void Is_refused_when_read_strictly(string file, ExpositionErrorReason error, int samples, string reason)
    {
        var body = File.ReadAllBytes(RepositoryRoot.Data("conformance", "promtext", file));

        Assert.NotEmpty(reason);
        Assert.Equal([error], ReadOutcome.Of(body, ExpositionStrictness.Strict).Errors);
        Assert.Equal(samples, ReadOutcome.Of(body, ExpositionStrictness.Lenient).Samples.Count);
        Assert.Null(TextPageValidator.Problem(new MergedPages().Add(body).Text));
    }
}
