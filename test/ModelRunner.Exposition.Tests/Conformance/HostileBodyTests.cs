using System.Globalization;
using System.Text;
using ModelRunner.Exposition.Tests.OpenMetricsValidation;
using ModelRunner.Exposition.Tests.Support;
using ModelRunner.Exposition.Tests.TextValidation;

namespace ModelRunner.Exposition.Tests.Conformance;

/// <summary>Every hostile body beside a healthy runner, as <c>own-hostile/EXPECT.tsv</c> says.</summary>
public sealed class HostileBodyTests
{
    private const string Healthy = "# HELP rt:units_total Units done\n# TYPE rt:units_total counter\nrt:units_total 5\n";
    private const string HealthySeries = "rt:units_total{backend=\"llama.cpp\",model=\"lab/finch:embed\",mode=\"embedding\"} 5\n";

    /// <summary>File, samples of it that are on the page, why others were dropped, whether the whole source is refused.</summary>
    public static TheoryData<string, int, ExpositionErrorReason?, bool> Bodies => new()
    {
        { "01_llamacpp_plain.txt", 4, null, false },
        { "02_json_escaped_body.txt", 0, ExpositionErrorReason.InvalidName, true },
        { "03_label_clash_model.txt", 1, null, false },
        { "04_label_clash_exported.txt", 1, null, false },
        { "06_duplicate_series.txt", 1, ExpositionErrorReason.DuplicateSeries, false },
        { "07_duplicate_labels.txt", 0, ExpositionErrorReason.DuplicateLabel, true },
        { "09_type_conflict_a.txt", 1, null, false },
        { "09_type_conflict_b.txt", 1, null, false },
        { "11_help_differs_a.txt", 1, null, false },
        { "11_help_differs_b.txt", 1, null, false },
        { "13_type_after_sample.txt", 1, null, false },
        { "14_no_final_newline.txt", 1, null, false },
        { "15_crlf.txt", 1, null, false },
        { "16_bom.txt", 1, null, false },
        { "17_invalid_utf8_label.txt", 0, ExpositionErrorReason.InvalidUtf8, true },
        { "19_escape_injection.txt", 1, null, false },
        { "20_values.txt", 10, null, false },
        { "21_bad_values.txt", 0, ExpositionErrorReason.InvalidValue, true },
        { "22_timestamp_ms.txt", 1, null, false },
        { "23_future_timestamp.txt", 1, null, false },
        { "26_html_error_page.txt", 0, ExpositionErrorReason.InvalidName, true },
        { "27_empty.txt", 0, null, false },
        { "28_only_comments_200k.txt", 0, null, false },
        { "29_long_label_1MiB.txt", 0, ExpositionErrorReason.LabelValueTooLong, false },
        { "30_10000_labels.txt", 0, ExpositionErrorReason.TooManyLabels, false },
        { "32_deep_braces.txt", 0, ExpositionErrorReason.InvalidLabels, true },
        { "36_reserved_label.txt", 0, ExpositionErrorReason.ReservedLabel, true },
        { "38_spoof_up.txt", 3, null, false },
    };

    [Fact]
    public void Every_body_has_an_expectation()
    {
        var listed = File.ReadLines(RepositoryRoot.Data("conformance", "own-hostile", "EXPECT.tsv")).Skip(1).Select(line => line.Split('\t'))
            .ToDictionary(row => row[0], row => int.Parse(row[1], CultureInfo.InvariantCulture));

        Assert.Equal(28, listed.Count);
        Assert.Equal(listed, HostileBodies.All.ToDictionary(body => body.Key, body => body.Value.Length));
        Assert.Equal(listed.Keys.Order(StringComparer.Ordinal), Bodies.Select(row => row.Data.Item1).Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Bodies))]
    public void A_hostile_body_costs_at_most_its_own_series(string file, int samples, ExpositionErrorReason? reason, bool isUnreadable)
    {
        var page = new MergedPages().Add(HostileBodies.All[file]).Add(Healthy, "lab/finch:embed", "embedding");

        var families = TextPageValidator.Read(page.Text);
        Assert.Null(OpenMetricsValidator.Problem(page.OpenMetrics));
        Assert.Contains(HealthySeries, page.TextString, StringComparison.Ordinal);
        Assert.Equal(samples, families.Where(family => family.Name != "rt:units_total").Sum(family => family.Samples.Count));
        Assert.Equal((samples, isUnreadable), (page.Summaries[0].Samples, page.Summaries[0].IsUnreadable));
        Assert.Equal(page.Summaries[0].SampleLines - samples, page.Summaries[0].DroppedSamples);
        if (reason is { } counted)
            Assert.Equal(page.Summaries[0].DroppedSamples, page.Summaries[0].Dropped(counted));
        Assert.DoesNotContain('\r', page.TextString);
    }

    [Fact]
    public void Clashing_labels_are_renamed_as_Prometheus_does()
    {
        Assert.Contains("x{backend=\"llama.cpp\",model=\"lab/otter:7b\",mode=\"completion\",exported_model=\"inner\",exported_backend=\"b\",exported_mode=\"m\"} 1\n", Merge("03_label_clash_model.txt"), StringComparison.Ordinal);
        Assert.Contains("exported_exported_model=\"inner\",exported_model=\"deeper\"} 1\n", Merge("04_label_clash_exported.txt"), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_runners_that_disagree_share_one_TYPE_and_one_HELP()
    {
        var types = new MergedPages().Add(HostileBodies.All["09_type_conflict_a.txt"], "a").Add(HostileBodies.All["09_type_conflict_b.txt"], "b");
        var helps = new MergedPages().Add(HostileBodies.All["11_help_differs_b.txt"], "a").Add(HostileBodies.All["11_help_differs_a.txt"], "b");

        Assert.Equal(("untyped", 2), Family(types));
        Assert.Equal(1, types.Conflicts(MergeConflict.Type));
        Assert.Equal(("gauge", 2), Family(helps));
        Assert.StartsWith("# HELP x one\n# TYPE x gauge\n", helps.TextString, StringComparison.Ordinal);
    }

    [Fact]
    public void An_injected_line_stays_inside_its_label()
    {
        var family = Assert.Single(TextPageValidator.Read(new MergedPages().Add(HostileBodies.All["19_escape_injection.txt"]).Text));

        Assert.Equal("\"} 1\ny{b=\"c", Assert.Single(family.Samples).Label("a"));
    }

    [Fact]
    public void Values_keep_every_bit()
    {
        var values = TextPageValidator.Read(new MergedPages().Add(HostileBodies.All["20_values.txt"]).Text)
            .ToDictionary(family => family.Name, family => BitConverter.DoubleToInt64Bits(family.Samples[0].Value));

        double[] expected = [double.NaN, double.PositiveInfinity, double.NegativeInfinity, 1e308, -0.0, 5e-324, double.NaN, double.PositiveInfinity, 18446744073709551615.0, 9007199254740993.0];
        Assert.Equal(expected.Select(BitConverter.DoubleToInt64Bits), "abcdefhijk".Select(name => values[name.ToString()]));
    }

    [Fact]
    public void Timestamps_are_dropped_and_values_kept()
    {
        Assert.EndsWith("} 1\n", Merge("22_timestamp_ms.txt"), StringComparison.Ordinal);
        Assert.EndsWith("} 1\n", Merge("23_future_timestamp.txt"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_s_own_health_series_cannot_be_forged()
    {
        var page = new MergedPages()
            .AddOwn("# TYPE model_runner_up gauge\nmodel_runner_up{model=\"a\"} 0\n")
            .Add("model_runner_up{model=\"a\"} 1\nup 1\n{\"model.runner_up\"} 1\n");

        Assert.Equal("model_runner_up{model=\"a\"} 0", Assert.Single(TextPageValidator.Read(page.Text), family => family.Name == "model_runner_up").Samples.Single().Line);
        Assert.Equal(2, page.Summaries[0].Dropped(ExpositionErrorReason.ReservedName));
    }

    [Fact]
    public void Seeds_of_the_fuzzers_of_Prometheus_cost_nothing_but_their_own_series()
    {
        var seeds = ConformanceCase.All.Where(item => item.Tier == "no-crash").ToArray();

        Assert.Equal(15, seeds.Length);
        Assert.All(seeds, item =>
        {
            var page = new MergedPages().Add(item.Bytes).Add(Healthy, "lab/finch:embed", "embedding");
            Assert.Null(TextPageValidator.Problem(page.Text));
            Assert.Null(OpenMetricsValidator.Problem(page.OpenMetrics));
            Assert.Contains(HealthySeries, page.TextString, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Every_conformance_case_of_any_tier_leaves_a_valid_page_and_the_other_runner_alone() => Assert.All(ConformanceCase.All, item =>
    {
        var page = new MergedPages().Add(item.Bytes).Add(Healthy, "lab/finch:embed", "embedding");
        Assert.Null(TextPageValidator.Problem(page.Text));
        Assert.Null(OpenMetricsValidator.Problem(page.OpenMetrics));
        Assert.Contains(HealthySeries, Encoding.UTF8.GetString(page.Text), StringComparison.Ordinal);
        Assert.Equal(page.Summaries[0].SampleLines, page.Summaries[0].Samples + page.Summaries[0].DroppedSamples);
    });

    private static string Merge(string file) => new MergedPages().Add(HostileBodies.All[file]).TextString;

    private static (string Type, int Samples) Family(MergedPages page)
    {
        var family = Assert.Single(TextPageValidator.Read(page.Text));
        return (family.TypeOrUnknown, family.Samples.Count);
    }
}
