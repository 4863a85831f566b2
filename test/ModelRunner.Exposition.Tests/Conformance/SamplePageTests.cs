using System.Globalization;
using System.Text.RegularExpressions;
using ModelRunner.Exposition.Tests.OpenMetricsValidation;
using ModelRunner.Exposition.Tests.Support;
using ModelRunner.Exposition.Tests.TextValidation;

namespace ModelRunner.Exposition.Tests.Conformance;

/// <summary>Every page of the collection merges into a page that all readers take, with every sample accounted for.</summary>
public sealed partial class SamplePageTests
{
    /// <summary>File and bytes as INDEX.md tells, and of expositions how many samples are in it and how many of them repeat a series.</summary>
    private static IReadOnlyList<(string File, int Bytes, int? Samples, int Repeated)> Listed { get; } =
        [.. File.ReadLines(RepositoryRoot.Data("samples", "INDEX.md")).Select(line => Row().Match(line)).Where(row => row.Success).Select(Read)];

    [Fact]
    public void The_pages_are_whole_and_all_of_them_are_listed()
    {
        var files = Directory.GetFiles(RepositoryRoot.Data("samples")).Select(path => new FileInfo(path)).Where(file => file.Name != "INDEX.md");

        Assert.Equal(128, SamplePages.All.Count);
        Assert.Equal(
            files.Select(file => (file.Name, file.Length)).OrderBy(file => file.Name, StringComparer.Ordinal),
            Listed.Select(row => (row.File, (long)row.Bytes)).OrderBy(row => row.File, StringComparer.Ordinal));
    }

    [Fact]
    public void Every_sample_of_the_list_is_found_and_only_those_that_repeat_a_series_are_dropped()
    {
        var pages = Listed.Where(row => row.Samples is not null).ToArray();

        Assert.Equal(128, pages.Length);
        Assert.All(pages, row =>
        {
            var merged = new MergedPages().Add(SamplePages.All[row.File]);
            _ = merged.Text;
            var summary = merged.Summaries[0];
            var isBroken = row.File.Contains("parse-error", StringComparison.Ordinal);
            Assert.Equal((row.Samples, row.Repeated), (summary.SampleLines, summary.Dropped(ExpositionErrorReason.DuplicateSeries)));
            Assert.True(isBroken || summary.DroppedSamples == row.Repeated, $"{summary.DroppedSamples} samples were dropped.");
        });
    }

    [Fact]
    public void Each_page_merges_into_a_valid_page_and_no_sample_is_lost()
    {
        Assert.All(SamplePages.All, page =>
        {
            var merged = new MergedPages().Add(page.Value, model: page.Key);
            var text = TextPageValidator.Read(merged.Text);
            var openMetrics = OpenMetricsValidator.Read(merged.OpenMetrics);
            var summary = merged.Summaries[0];
            Assert.Equal(summary.SampleLines, summary.Samples + summary.DroppedSamples);
            Assert.Equal(summary.Samples, text.Sum(family => family.Samples.Count));
            Assert.Equal(summary.Samples, openMetrics.Sum(family => family.Samples.Count));
        });
    }

    [Fact]
    public void All_pages_together_merge_into_one_valid_page()
    {
        var merged = new MergedPages();
        foreach (var (name, body) in SamplePages.All)
            merged.Add(body, model: name);

        var text = TextPageValidator.Read(merged.Text);
        var openMetrics = OpenMetricsValidator.Read(merged.OpenMetrics);
        Assert.Equal(merged.Summaries.Sum(summary => summary.Samples), text.Sum(family => family.Samples.Count));
        Assert.Equal(merged.Summaries.Sum(summary => summary.Samples), openMetrics.Sum(family => family.Samples.Count));
        Assert.True(merged.Conflicts(MergeConflict.Help) > 0);
        Assert.True(merged.Conflicts(MergeConflict.Type) > 0);
    }

    [Fact]
    public void A_merged_page_is_the_same_when_it_is_merged_again()
    {
        Assert.All(SamplePages.All, page =>
        {
            var once = new MergedPages().Add(page.Value, model: page.Key).Text;
            Assert.Equal(once, new MergedPages().AddPlain(once).Text);
        });
    }

    private static (string File, int Bytes, int? Samples, int Repeated) Read(Match row) => (
        row.Groups["file"].Value,
        Number(row.Groups["bytes"]),
        row.Groups["samples"].Success ? Number(row.Groups["samples"]) + Number(row.Groups["odd"]) : null,
        Number(row.Groups["repeated"]));

    private static int Number(Group digits) => digits.Success ? int.Parse(digits.ValueSpan, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(
        @"^\| (?<file>[^ |]+) \| .* \| (([0-9]+)/(?<samples>[0-9]+)/)?(?<bytes>[0-9]+) \| .*?(dupSeries=(?<repeated>[0-9]+) .*?)?(unparsed=(?<odd>[0-9]+) )?\|$",
        RegexOptions.ExplicitCapture,
        10_000)]
    private static partial Regex Row();
}
