using ModelRunner.Exposition.Tests.OpenMetricsValidation;
using ModelRunner.Exposition.Tests.Support;
using ModelRunner.Exposition.Tests.TextValidation;

namespace ModelRunner.Exposition.Tests.Conformance;

/// <summary>Every page of the collection merges into a page that all readers take, with every sample accounted for.</summary>
public sealed class SamplePageTests
{
    [Fact]
    public void Each_page_merges_into_a_valid_page_and_no_sample_is_lost()
    {
        Assert.True(SamplePages.All.Count >= 125, $"{SamplePages.All.Count} pages");
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
}
