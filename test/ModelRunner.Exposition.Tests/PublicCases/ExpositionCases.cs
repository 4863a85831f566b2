using System.Buffers;
using System.Globalization;
using System.Text;
using ModelRunner.Exposition.Tests.OpenMetricsValidation;
using ModelRunner.Exposition.Tests.TextValidation;
using static ModelRunner.Exposition.Tests.PublicCases.CaseFixture;

namespace ModelRunner.Exposition.Tests.PublicCases;

/// <summary>Group 1: what runners have been seen to send, and what must be on the page.</summary>
public sealed class ExpositionCases
{
    [Fact]
    public void EXP_01_A_missing_last_line_feed_glues_nothing() =>
        Assert.Equal([$"rt:units_total{{{LabelsOfA}}} 4"], SamplesOfA(WithHealthy("rt:units_total 4")));

    [Fact]
    public void EXP_03_Metadata_that_both_runners_send_is_written_once()
    {
        var page = WithHealthy(HealthyBody.Replace('5', '4'));

        Assert.Equal(["# HELP rt:units_total Units done", "# TYPE rt:units_total counter"], HeadOf(page, "rt:units_total"));
        Assert.Equal(4, Lines(page).Length);
    }

    [Fact]
    public void EXP_04_A_repeated_TYPE_is_written_once()
    {
        var page = WithHealthy("# TYPE rt:u counter\nrt:u{k=\"1\"} 1\n# TYPE rt:u counter\nrt:u{k=\"2\"} 2\n");

        Assert.Equal(["# TYPE rt:u counter"], HeadOf(page, "rt:u"));
        Assert.Equal([$"rt:u{{{LabelsOfA},k=\"1\"}} 1", $"rt:u{{{LabelsOfA},k=\"2\"}} 2"], SamplesOfA(page));
    }

    [Fact]
    public void EXP_05_Interleaved_families_are_grouped()
    {
        var page = WithHealthy("# TYPE rt:u counter\n# TYPE rt:v counter\nrt:u{k=\"1\"} 1\nrt:v 7\nrt:u{k=\"2\"} 2\n");

        Assert.Equal([$"rt:u{{{LabelsOfA},k=\"1\"}} 1", $"rt:u{{{LabelsOfA},k=\"2\"}} 2", $"rt:v{{{LabelsOfA}}} 7"], SamplesOfA(page));
    }

    [Fact]
    public void EXP_06_A_body_that_is_a_JSON_string_is_refused_and_not_unquoted()
    {
        var page = WithHealthy("\"# TYPE rt:u counter\\nrt:u 3\\n\"");

        Assert.Empty(SamplesOfA(page));
        Assert.True(page.Summaries[0].IsUnreadable);
    }

    [Theory]
    [InlineData("-nan")]
    [InlineData("-nan(ind)")]
    public void EXP_07_NaN_of_any_C_library_is_written_as_NaN(string value) => Assert.Equal(
        [$"rt:ratio{{{LabelsOfA}}} NaN", $"rt:units_total{{{LabelsOfA}}} 4"], SamplesOfA(WithHealthy($"rt:ratio {value}\nrt:units_total 4\n")));

    [Fact]
    public void EXP_08_Carriage_returns_at_line_ends_are_taken_off()
    {
        var page = WithHealthy("# TYPE rt:u gauge\r\nrt:u 4\r\n");

        Assert.Equal(["# TYPE rt:u gauge"], HeadOf(page, "rt:u"));
        Assert.Equal([$"rt:u{{{LabelsOfA}}} 4"], SamplesOfA(page));
        Assert.DoesNotContain('\r', page.TextString + Encoding.UTF8.GetString(page.OpenMetrics));
    }

    [Fact]
    public void EXP_10_Braces_commas_and_number_signs_within_quotes_are_text() => Assert.Equal(
        [$"rt:u{{{LabelsOfA},route=\"/v1/{{id}}, x=1 # y\"}} 4"], SamplesOfA(WithHealthy("rt:u{route=\"/v1/{id}, x=1 # y\"} 4\n")));

    [Theory]
    [InlineData("lab/ot\"ter")]
    [InlineData("D:\\zoo\\new")]
    [InlineData("lab/otter\nfake_total 99")]
    public void EXP_12_A_name_with_quotes_backslashes_or_line_feeds_forges_nothing(string model)
    {
        var page = WithHealthy("rt:u 4\n", model);
        var family = Assert.Single(TextPageValidator.Read(page.Text), family => family.Name == "rt:u");

        Assert.Equal(model, Assert.Single(family.Samples).Label("model"));
        Assert.Equal(2, TextPageValidator.Read(page.Text).Count);
    }

    [Fact]
    public void EXP_14_Invalid_UTF8_costs_its_series_only()
    {
        var page = WithHealthy([.. "# HELP rt:units_total caf"u8, 0xE9, .. "\nrt:u{who=\""u8, 0xFF, 0xFE, .. "\"} 4\nrt:units_total 4\n"u8]);

        Assert.Equal([$"rt:units_total{{{LabelsOfA}}} 4"], SamplesOfA(page));
        Assert.Equal(2, page.Summaries[0].Dropped(ExpositionErrorReason.InvalidUtf8));
    }

    [Fact]
    public void EXP_16_A_line_without_a_value_costs_that_line_and_is_counted()
    {
        var page = WithHealthy("rt:good 1\nrt:bad\nrt:good2 2\n");

        Assert.Equal([$"rt:good{{{LabelsOfA}}} 1", $"rt:good2{{{LabelsOfA}}} 2"], SamplesOfA(page));
        Assert.Equal(1, page.Summaries[0].Dropped(ExpositionErrorReason.InvalidValue));
    }

    [Fact]
    public void EXP_17_Metadata_without_samples_is_left_out()
    {
        var page = WithHealthy("# HELP rt:idle x\n# TYPE rt:idle counter\n# HELP rt:idle x\nrt:units_total 4\n");

        Assert.Empty(HeadOf(page, "rt:idle"));
        Assert.Equal(0, page.Summaries[0].DroppedMetadata);
    }

    [Fact]
    public void EXP_19_Trailing_commas_empty_braces_and_inner_blanks_are_taken() => Assert.Equal(
        [$"rt:a{{{LabelsOfA},k=\"v\"}} 1", $"rt:b{{{LabelsOfA}}} 2", $"rt:c{{{LabelsOfA},k=\"v\"}} 3"],
        SamplesOfA(WithHealthy("rt:a{k=\"v\",} 1\nrt:b{} 2\nrt:c { k = \"v\" } 3\n")));

    [Fact]
    public void EXP_20_No_culture_touches_a_number()
    {
        // All that cultures are known to do to numbers, whatever languages the machine has.
        var before = CultureInfo.CurrentCulture;
        var odd = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        odd.NumberFormat = new NumberFormatInfo
        {
            NumberDecimalSeparator = ",", NumberGroupSeparator = ".", NegativeSign = "\u2212", PositiveSign = "p", NaNSymbol = "nothing", PositiveInfinitySymbol = "\u221e",
        };
        try
        {
            CultureInfo.CurrentCulture = odd;
            var page = WithHealthy("rt:s 4.25\nrt:big 1.7976931348623157e+308\nrt:thousand 1,000\nrt:minus -1.5\n# TYPE rt:sum summary\nrt:sum{quantile=\"5e-1\"} 1\n");
            var own = new ArrayBufferWriter<byte>();
            var writer = new ExpositionWriter(own);
            writer.BeginFamily("own", MetricType.Gauge, "Own.");
            foreach (var value in (double[])[4.25, -1.5, 1e21, double.NaN, double.PositiveInfinity])
                writer.WriteSample(value);

            Assert.Equal(
                [$"rt:big{{{LabelsOfA}}} 1.7976931348623157e+308", $"rt:minus{{{LabelsOfA}}} -1.5", $"rt:s{{{LabelsOfA}}} 4.25", $"rt:sum{{{LabelsOfA},quantile=\"5e-1\"}} 1"],
                SamplesOfA(page));
            Assert.Equal(1, page.Summaries[0].Dropped(ExpositionErrorReason.InvalidValue));
            Assert.EndsWith("\nown 4.25\nown -1.5\nown 1e+21\nown NaN\nown +Inf\n", Encoding.UTF8.GetString(own.WrittenSpan), StringComparison.Ordinal);
            Assert.Equal(ExpositionFormat.OpenMetrics100, ContentNegotiation.Negotiate("text/plain;q=0.9,application/openmetrics-text;q=0.95").Format);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void EXP_21_Names_with_colons_are_kept() => Assert.Equal([$"llmrt:step_total{{{LabelsOfA}}} 3"], SamplesOfA(WithHealthy("llmrt:step_total 3\n")));

    [Fact]
    public void EXP_22_Buckets_keep_their_order_and_their_bounds()
    {
        var page = WithHealthy("# TYPE rt:h histogram\nrt:h_bucket{le=\"0.5\"} 1\nrt:h_bucket{le=\"1\"} 3\nrt:h_bucket{le=\"+Inf\"} 5\nrt:h_sum 2.5\nrt:h_count 5\n");

        Assert.Equal(
            [
                $"rt:h_bucket{{{LabelsOfA},le=\"0.5\"}} 1", $"rt:h_bucket{{{LabelsOfA},le=\"1\"}} 3", $"rt:h_bucket{{{LabelsOfA},le=\"+Inf\"}} 5",
                $"rt:h_sum{{{LabelsOfA}}} 2.5", $"rt:h_count{{{LabelsOfA}}} 5",
            ],
            SamplesOfA(page));
        Assert.Equal("histogram", Assert.Single(OpenMetricsValidator.Read(page.OpenMetrics), family => family.Name == "rt:h").Type);
    }

    [Fact]
    public void EXP_23_Blanks_around_a_line_are_taken_off() =>
        Assert.Equal([$"rt:u{{{LabelsOfA}}} 4", $"rt:v{{{LabelsOfA}}} 5"], SamplesOfA(WithHealthy(" rt:u 4\n\trt:v 5 \n")));

    [Fact]
    public void EXP_26_A_late_TYPE_stands_before_all_samples()
    {
        var page = new Support.MergedPages().Add("rt:u 4\n# TYPE rt:u counter\n").Add(HealthyBody, Finch, "embedding");

        Assert.StartsWith($"# TYPE rt:u counter\nrt:u{{{LabelsOfA}}} 4\n", Encoding.UTF8.GetString(Check(page).Text), StringComparison.Ordinal);
    }
}
