using ModelRunner.Exposition.Tests.Support;
using static ModelRunner.Exposition.Tests.PublicCases.CaseFixture;

namespace ModelRunner.Exposition.Tests.PublicCases;

/// <summary>Group 3: what merging may and may not do.</summary>
public sealed class MergeCases
{
    [Fact]
    public void MRG_01_A_conflict_of_types_makes_the_family_untyped_whoever_answers_first()
    {
        const string Gauge = "# TYPE rt:units_total gauge\nrt:units_total 4\n";
        var page = WithHealthy(Gauge);
        var turned = Check(new MergedPages().Add(HealthyBody, Finch, "embedding").Add(Gauge));

        Assert.Equal(["# HELP rt:units_total Units done", "# TYPE rt:units_total untyped"], HeadOf(page, "rt:units_total"));
        Assert.Equal([$"rt:units_total{{{LabelsOfA}}} 4"], SamplesOfA(page));
        Assert.Equal(page.Text, turned.Text);
        Assert.Equal(1, page.Conflicts(MergeConflict.Type));
    }

    [Fact]
    public void MRG_02_Of_two_helps_one_is_chosen_whoever_answers_first()
    {
        var other = HealthyBody.Replace("Units done", "Units finished so far", StringComparison.Ordinal).Replace('5', '4');
        var page = WithHealthy(other);
        var turned = Check(new MergedPages().Add(HealthyBody, Finch, "embedding").Add(other));

        Assert.Equal(["# HELP rt:units_total Units done", "# TYPE rt:units_total counter"], HeadOf(page, "rt:units_total"));
        Assert.Equal(page.Text, turned.Text);
        Assert.Equal(1, page.Conflicts(MergeConflict.Help));
    }

    [Fact]
    public void MRG_04_Nothing_is_added_up()
    {
        var page = Check(new MergedPages().Add("# TYPE rt:rate gauge\nrt:rate 30\n").Add("# TYPE rt:rate gauge\nrt:rate 50\n" + HealthyBody, Finch, "embedding"));

        Assert.Equal(["rt:rate{backend=\"llama.cpp\",model=\"lab/finch:embed\",mode=\"embedding\"} 50", $"rt:rate{{{LabelsOfA}}} 30"], SamplesOfA(page));
    }

    [Fact]
    public void MRG_05_Series_of_one_name_are_all_kept() => Assert.Equal(
        [$"rt:units_total{{{LabelsOfA},shard=\"0\"}} 10", $"rt:units_total{{{LabelsOfA},shard=\"1\"}} 12"],
        SamplesOfA(WithHealthy("rt:units_total{shard=\"0\"} 10\nrt:units_total{shard=\"1\"} 12\n")));

    [Fact]
    public void MRG_09_Histograms_with_different_bounds_stand_side_by_side()
    {
        static string Histogram(string bound) =>
            $"# TYPE rt:h histogram\nrt:h_bucket{{le=\"{bound}\"}} 1\nrt:h_bucket{{le=\"+Inf\"}} 2\nrt:h_sum 3\nrt:h_count 2\n";
        var page = Check(new MergedPages().Add(Histogram("1")).Add(Histogram("2") + HealthyBody, Finch, "embedding"));

        Assert.Equal(["# TYPE rt:h histogram"], HeadOf(page, "rt:h"));
        Assert.Equal(8, SamplesOfA(page).Length);
        Assert.Contains($"rt:h_bucket{{{LabelsOfA},le=\"1\"}} 1", SamplesOfA(page));
        Assert.DoesNotContain($"rt:h_bucket{{{LabelsOfA},le=\"2\"}} 1", SamplesOfA(page));
    }

    [Fact]
    public void MRG_10_Two_processes_with_one_set_of_labels_do_not_alternate()
    {
        for (var scrape = 0; scrape < 5; scrape++)
        {
            var page = Check(new MergedPages().Add("rt:u 1000\n").Add("rt:u 10\n").Add(HealthyBody, Finch, "embedding"));
            Assert.Equal([$"rt:u{{{LabelsOfA}}} 1000"], SamplesOfA(page));
        }
    }

    [Fact]
    public void MRG_11_Twenty_scrapes_of_the_same_state_have_the_same_bytes()
    {
        var first = WithHealthy("rt:u{k=\"1\"} 1\nrt:a 2\nrt:u{k=\"0\"} 3\n").Text;

        for (var scrape = 1; scrape < 20; scrape++)
            Assert.Equal(first, WithHealthy("rt:u{k=\"1\"} 1\nrt:a 2\nrt:u{k=\"0\"} 3\n").Text);
    }
}
