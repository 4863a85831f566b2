using System.Buffers;
using System.Text;

namespace ModelRunner.Exposition.Tests.Writing;

public sealed class ExpositionWriterTests
{
    [Fact]
    public void Families_and_samples_are_written_with_escapes()
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new ExpositionWriter(output);
        writer.BeginFamily("model_runner_up", MetricType.Gauge, "Is \"it\" up?\nOr \\ not.");
        writer.WriteSample(1, new("model", "a\"b\\c\nd"), new("empty", ""));
        writer.BeginFamily("h", MetricType.Histogram, "H.");
        writer.WriteSample("_bucket", 2, new KeyValuePair<string, string>("le", "+Inf"));
        writer.WriteSample("_sum", 0.1);

        Assert.Equal(
            "# HELP model_runner_up Is \"it\" up?\\nOr \\\\ not.\n# TYPE model_runner_up gauge\nmodel_runner_up{model=\"a\\\"b\\"
                + "\\c\\nd\"} 1\n"
            + "# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 2\nh_sum 0.1\n",
            Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void Labels_of_a_target_stand_before_the_others()
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new ExpositionWriter(output);
        var target = new TargetLabels([new("model", "a\"b"), new("empty", "")]);
        writer.BeginFamily("x", MetricType.Counter, "X.");
        writer.WriteSample(target, 1);
        writer.WriteSample("_total", target, 2, new KeyValuePair<string, string>("reason", "r"));
        writer.WriteSample(new TargetLabels([]), 3);

        Assert.EndsWith(
            "\nx{model=\"a\\\"b\"} 1\nx_total{model=\"a\\\"b\",reason=\"r\"} 2\nx 3\n",
            Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(-0.0, "-0")]
    [InlineData(9007199254740991, "9007199254740991")]
    [InlineData(1e21, "1e+21")]
    [InlineData(1.5e-9, "1.5e-09")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "+Inf")]
    [InlineData(double.NegativeInfinity, "-Inf")]
    public void Numbers_read_back_to_the_same_bits(double value, string expected)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new ExpositionWriter(output);
        writer.BeginFamily("x", MetricType.Gauge, "");
        writer.WriteSample(value);

        Assert.EndsWith($"\nx {expected}\n", Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Theory]
    [InlineData("x_seconds", MetricType.Gauge, "# UNIT x_seconds seconds\n", "# TYPE x_seconds gauge\n# UNIT x_seconds seconds\n# HELP x_seconds X.\nx_seconds 1\n")]
    [InlineData(
        "x_seconds_total",
        MetricType.Counter,
        "# UNIT x_seconds_total seconds\n",
        "# TYPE x_seconds counter\n# UNIT x_seconds seconds\n# HELP x_seconds X.\nx_seconds_total 1\n")]
    public void A_unit_is_a_comment_in_text_and_goes_on_the_page_in_OpenMetrics(string name, MetricType type, string comment, string openMetrics)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new ExpositionWriter(output);
        writer.BeginFamily(name, type, "X.", "seconds");
        writer.WriteSample(1);
        var text = Encoding.UTF8.GetString(output.WrittenSpan);
        var page = new Page().AddOwn(text);

        Assert.Contains(comment, text, StringComparison.Ordinal);
        Assert.Equal(text.Replace(comment, "", StringComparison.Ordinal), page.Write());
        Assert.Equal(openMetrics + "# EOF\n", page.Write(ExpositionFormat.OpenMetrics100));
    }

    [Fact]
    public void An_exemplar_goes_on_the_page_in_OpenMetrics_only()
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new ExpositionWriter(output);
        writer.BeginFamily("x", MetricType.Histogram, "X.");
        var exemplar = new Exemplar("trace_id", "a\"b", 0.25, DateTimeOffset.UnixEpoch.AddMilliseconds(1_700_000_000_125));
        writer.WriteSample("_bucket", TargetLabels.None, 2, exemplar, new KeyValuePair<string, string>("le", "0.5"));
        writer.WriteSample("_bucket", TargetLabels.None, 2, new KeyValuePair<string, string>("le", "+Inf"));
        var page = new Page().AddOwn(Encoding.UTF8.GetString(output.WrittenSpan));

        Assert.Contains("x_bucket{le=\"0.5\"} 2\n", page.Write(), StringComparison.Ordinal);
        Assert.Contains("x_bucket{le=\"0.5\"} 2 # {trace_id=\"a\\\"b\"} 0.25 1700000000.125\n", page.Write(ExpositionFormat.OpenMetrics100), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x_seconds", MetricType.Gauge, "bytes")]
    [InlineData("x_seconds", MetricType.Gauge, "")]
    [InlineData("x_seconds", MetricType.Gauge, "x_seconds")]
    [InlineData("x_seconds", MetricType.Info, "seconds")]
    [InlineData("x_seconds", MetricType.StateSet, "seconds")]
    [InlineData("x.seconds", MetricType.Gauge, "seconds")]
    public void A_unit_must_be_one(string name, MetricType type, string unit)
    {
        var output = new ArrayBufferWriter<byte>();

        Assert.Throws<ArgumentException>(() => new ExpositionWriter(output).BeginFamily(name, type, "", unit));
        Assert.Equal(0, output.WrittenCount);
    }

    [Fact]
    public void A_sample_needs_a_family() =>
        Assert.Throws<InvalidOperationException>(() => new ExpositionWriter(new ArrayBufferWriter<byte>()).WriteSample(1));

    [Fact]
    public void A_family_needs_a_plain_name() =>
        Assert.Throws<ArgumentException>(
            () => new ExpositionWriter(new ArrayBufferWriter<byte>()).BeginFamily("a.b", MetricType.Gauge, ""));
}
