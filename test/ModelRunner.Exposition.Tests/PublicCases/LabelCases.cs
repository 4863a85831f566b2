using ModelRunner.Exposition.Tests.Support;
using static ModelRunner.Exposition.Tests.PublicCases.CaseFixture;

namespace ModelRunner.Exposition.Tests.PublicCases;

/// <summary>Group 2: labels that meet.</summary>
public sealed class LabelCases
{
    [Fact]
    public void LBL_01_Labels_of_the_page_win_and_those_of_the_runner_are_exported() => Assert.Equal(
        [$"rt:u{{{LabelsOfA},exported_model=\"own-name\",exported_mode=\"x\"}} 4"], SamplesOfA(WithHealthy("rt:u{model=\"own-name\",mode=\"x\"} 4\n")));

    [Fact]
    public void LBL_03_Other_labels_are_left_alone() => Assert.Equal(
        [$"rt:u{{{LabelsOfA},model_name=\"/blobs/sha256-0a1b/model.gguf\"}} 4"], SamplesOfA(WithHealthy("rt:u{model_name=\"/blobs/sha256-0a1b/model.gguf\"} 4\n")));

    [Fact]
    public void LBL_05_Runners_may_have_different_label_names() =>
        Assert.Equal([$"rt:units_total{{{LabelsOfA},rank=\"0\"}} 4"], SamplesOfA(WithHealthy("rt:units_total{rank=\"0\"} 4\n")));

    [Fact]
    public void LBL_06_Of_two_runners_with_the_same_labels_one_is_shown_and_the_other_is_counted()
    {
        var page = Check(new MergedPages().Add("rt:u 4\n").Add("rt:u 9\n").Add(HealthyBody, Finch, "embedding"));

        Assert.Equal([$"rt:u{{{LabelsOfA}}} 4"], SamplesOfA(page));
        Assert.Equal(1, page.Summaries[1].Dropped(ExpositionErrorReason.DuplicateSeries));
    }

    [Fact]
    public void LBL_06_A_further_label_tells_replicas_apart()
    {
        var labels = (string replica) => new TargetLabels(new("backend", "llama.cpp"), new("model", Otter), new("mode", "completion"), new("replica", replica));
        var page = Check(new MergedPages().Add("rt:u 4\n"u8.ToArray(), labels("1")).Add("rt:u 9\n"u8.ToArray(), labels("2")).Add(HealthyBody, Finch, "embedding"));

        Assert.Equal([$"rt:u{{{LabelsOfA},replica=\"1\"}} 4", $"rt:u{{{LabelsOfA},replica=\"2\"}} 9"], SamplesOfA(page));
    }

    [Fact]
    public void LBL_08_A_model_name_is_a_label_value_to_the_letter()
    {
        var page = WithHealthy("rt:u 4\n", "lab/q3:0.6b-Q4_K_M");

        Assert.Equal(["rt:u{backend=\"llama.cpp\",model=\"lab/q3:0.6b-Q4_K_M\",mode=\"completion\"} 4"], SamplesOfA(page));
    }

    [Fact]
    public void LBL_10_One_model_under_two_backends_is_two_series()
    {
        var page = Check(new MergedPages().Add("rt:u 4\n").Add("rt:u 9\n", backend: "vllm").Add(HealthyBody, Finch, "embedding"));

        Assert.Equal([$"rt:u{{{LabelsOfA}}} 4", $"rt:u{{{LabelsOfA.Replace("llama.cpp", "vllm", StringComparison.Ordinal)}}} 9"], SamplesOfA(page));
    }
}
