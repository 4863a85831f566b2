using System.Text;

namespace ModelRunner.Exposition.Tests.Reading;

public sealed class ReadingTests
{
    [Theory]
    [InlineData("x 1", "x 1\n")] // no line feed at the end
    [InlineData("# TYPE x gauge\r\nx 1\r\n", "x 1\n")]
    [InlineData("\uFEFFx 1\n", "x 1\n")]
    [InlineData(" x 1\n\ty\t2 \n", "x 1\ny 2\n")]
    [InlineData("x{a=\"b\",} 1\n", "x{a=\"b\"} 1\n")]
    [InlineData("x{} 1\n", "x 1\n")]
    [InlineData("x { a = \"b\" } 1\n", "x{a=\"b\"} 1\n")]
    [InlineData("x{a=\"b\"}6\n", "x{a=\"b\"} 6\n")]
    [InlineData("x{a=\"b\" c=\"d\"} 1\n", "x{a=\"b\",c=\"d\"} 1\n")] // Prometheus takes it too
    [InlineData("x{a=\"{},= # \"} 1\n", "x{a=\"{},= # \"} 1\n")]
    [InlineData("x{a=\"\\t\\n\\\\\\\"\"} 1\n", "x{a=\"\\\\t\\n\\\\\\\"\"} 1\n")]
    [InlineData("x{a=\"ö\0\"} 1\n", "x{a=\"ö\0\"} 1\n")]
    [InlineData("x{\"a\"=\"b\"} 1\n{\"x\",c=\"d\"} 2\n", "x{a=\"b\"} 1\nx{c=\"d\"} 2\n")]
    [InlineData("a -nan\nb -nan(ind)\nc nan\nd Inf\ne -infinity\nf INFINITY\n", "a NaN\nb NaN\nc NaN\nd +Inf\ne -Inf\nf +Inf\n")]
    [InlineData(
        "a 1e308\nb -0\nc 5e-324\nd 18446744073709551615\ne .5\nf 5.\n",
        "a 1e308\nb -0\nc 5e-324\nd 18446744073709551615\ne .5\nf 5.\n")]
    [InlineData("x 1 1700000000000\ny 2 -5\n", "x 1\ny 2\n")]
    [InlineData("x 1 9223372036854775807\ny 2 -9223372036854775808\n", "x 1\ny 2\n")]
    [InlineData("a +NaN\nb -NaN(snan)\nc nAn\nd +INF\ne 1E3\nf +1.5e+2\n", "a NaN\nb NaN\nc NaN\nd +Inf\ne 1E3\nf +1.5e+2\n")]
    [InlineData("_x{_a=\"1\",__b=\"2\"} 1\n:y 2\n__z 3\n", ":y 2\n__z 3\n_x{_a=\"1\",__b=\"2\"} 1\n")]
    [InlineData("x_total 1 # {trace=\"t\"} 0.5\n", "x_total 1\n")]
    [InlineData("x 1\n# EOF\n", "x 1\n")]
    [InlineData("x{n=\"# EOF\"} 1\n# EOF\r\n", "x{n=\"# EOF\"} 1\n")]
    [InlineData("x 1.5 1700000000.123\n# EOF\n", "x 1.5\n")] // seconds in OpenMetrics
    public void A_plain_meaning_is_read_whatever_its_form(string body, string expected) => Assert.Equal(expected, Page.Samples(body));

    [Theory]
    [InlineData("x", ExpositionErrorReason.InvalidValue)]
    [InlineData("1x 1", ExpositionErrorReason.InvalidName)]
    [InlineData("x\0 1", ExpositionErrorReason.InvalidName)]
    [InlineData("{a=\"b\"} 1", ExpositionErrorReason.InvalidName)]
    [InlineData("{\"a\",\"b\"} 1", ExpositionErrorReason.InvalidName)]
    [InlineData("x{\"y\"} 1", ExpositionErrorReason.InvalidName)]
    [InlineData("{\"a\\xz\"} 1", ExpositionErrorReason.InvalidLabels)]
    [InlineData("x{a=\"b\",,} 1", ExpositionErrorReason.InvalidLabels)]
    [InlineData("x{,} 1", ExpositionErrorReason.InvalidLabels)]
    [InlineData("x{a='b'} 1", ExpositionErrorReason.InvalidLabels)]
    [InlineData("x{a=\"b} 1", ExpositionErrorReason.InvalidLabels)]
    [InlineData("x{a=\"b\\", ExpositionErrorReason.InvalidLabels)]
    [InlineData("x{a=\"b\"", ExpositionErrorReason.InvalidLabels)]
    [InlineData("x{a:b=\"c\"} 1", ExpositionErrorReason.InvalidLabels)]
    [InlineData("x 0x10", ExpositionErrorReason.InvalidValue)]
    [InlineData("x 1_000", ExpositionErrorReason.InvalidValue)]
    [InlineData("x 1,5", ExpositionErrorReason.InvalidValue)]
    [InlineData("x ∞", ExpositionErrorReason.InvalidValue)]
    [InlineData("x 1e400", ExpositionErrorReason.ValueOutOfRange)]
    [InlineData("x 1 1.5", ExpositionErrorReason.InvalidTimestamp)]
    [InlineData("x 1 2 3", ExpositionErrorReason.InvalidTimestamp)]
    [InlineData("x 1 9223372036854775808", ExpositionErrorReason.InvalidTimestamp)]
    [InlineData("x 1 +5", ExpositionErrorReason.InvalidTimestamp)]
    [InlineData("x 1 1e3", ExpositionErrorReason.InvalidTimestamp)]
    [InlineData("x .", ExpositionErrorReason.InvalidValue)]
    [InlineData("x -", ExpositionErrorReason.InvalidValue)]
    [InlineData("x 0x1p-2", ExpositionErrorReason.InvalidValue)]
    [InlineData("x 1e", ExpositionErrorReason.InvalidValue)]
    [InlineData("x infinit", ExpositionErrorReason.InvalidValue)]
    [InlineData("x nan(", ExpositionErrorReason.InvalidValue)]
    [InlineData("{\"x\0\"} 1", ExpositionErrorReason.InvalidLabels)]
    [InlineData("x{\"a\0\"=\"b\"} 1", ExpositionErrorReason.InvalidLabels)]
    [InlineData("x{a=\"1\",a=\"2\"} 1", ExpositionErrorReason.DuplicateLabel)]
    [InlineData("x{__name__=\"y\"} 1", ExpositionErrorReason.ReservedLabel)]
    [InlineData("x{a=\"123456789\"} 1", ExpositionErrorReason.LabelValueTooLong)]
    [InlineData("x{a=\"1\",b=\"2\",c=\"3\",d=\"4\"} 1", ExpositionErrorReason.TooManyLabels)]
    public void A_bad_line_costs_that_line_and_is_counted(string line, ExpositionErrorReason reason)
    {
        var page = new Page(new ExpositionLimits { MaxLabels = 3, MaxLabelValueBytes = 8 }).Add("a", "good 1\n" + line + "\ngood2 2\n");

        Assert.Equal("# TYPE good untyped\ngood{model=\"a\"} 1\n# TYPE good2 untyped\ngood2{model=\"a\"} 2\n", page.Write());
        var summary = Assert.Single(page.Sources);
        Assert.Equal((3, 2, 1), (summary.SampleLines, summary.Samples, summary.Dropped(reason)));
        Assert.False(summary.IsUnreadable);
    }

    [Theory]
    [InlineData("x_total 1 # ")]
    [InlineData("x_total 1 #bad")]
    [InlineData("x_total 1 # {a=\"b\"}")]
    [InlineData("x_total 1 # {a=\"b} 1")]
    [InlineData("x_total 1 # {a=\"b\"} 1 2 3")]
    [InlineData("x_total 1 # {a=\"b\"} 1 x")]
    [InlineData("x_total 1 # {a=\"b\"} 1 NaN")]
    [InlineData("x_total 1 # {a=\"b\"} 1e999")]
    [InlineData("x_total 1 # {a=\"b\",a=\"c\"} 1")]
    [InlineData("x_total 1 # {__name__=\"b\"} 1")]
    [InlineData("x_total 1 # {a=\"123456789\"} 1")]
    [InlineData("x_total 1 # {a=\"1\",b=\"2\",c=\"3\",d=\"4\"} 1")]
    public void A_bad_exemplar_costs_the_exemplar_and_not_the_sample(string line)
    {
        var page = new Page(new ExpositionLimits { MaxLabels = 3, MaxLabelValueBytes = 8 }).Add("a", "# TYPE x counter\n" + line + "\n# EOF\n");

        Assert.Equal("# TYPE x counter\nx_total{model=\"a\"} 1\n# EOF\n", page.Write(ExpositionFormat.OpenMetrics100));
        var summary = page.Sources[0];
        Assert.Equal((1, 0, 1, 1), (summary.Samples, summary.DroppedSamples, summary.DroppedExemplars, summary.Dropped(ExpositionErrorReason.InvalidExemplar)));
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("\n \n", false)]
    [InlineData("# just a comment\n", false)]
    [InlineData("# TYPE x gauge\n", false)]
    [InlineData("# TYPE x gauge\n<html>\n", true)]
    [InlineData("# HELP x X.\n# TYPE x gauge\nx 1,5\nx{k=\"v\"} 2,5\n", true)]
    [InlineData("# TYPE x gauge\nx 1,5\ny 1\n", false)]
    [InlineData("<html><body>502 Bad Gateway</body></html>\n", true)]
    [InlineData("\"# TYPE x counter\\nx 3\\n\"", true)]
    [InlineData("{\"error\":{\"code\":503,\"message\":\"Loading model\"}}", true)]
    [InlineData("# TYPE x bla\n", true)]
    [InlineData("model_runner_up 1\n", false)]
    [InlineData("<html>\nmodel_runner_up 1\n", false)]
    public void A_body_without_one_readable_thing_is_unreadable(string body, bool expected)
    {
        var page = new Page().Add("a", body);

        Assert.Equal(expected, page.Sources[0].IsUnreadable);
    }

    [Fact]
    public void Invalid_Utf8_costs_its_line_only()
    {
        byte[] body = [.. "# HELP x a"u8, 0xE9, .. "\nx{a=\""u8, 0xFF, 0xFE, .. "\"} 1\nx{a=\"é\"} 2\n"u8];
        var page = new Page().Add([], body);

        Assert.Equal("# TYPE x untyped\nx{a=\"é\"} 2\n", page.Write());
        Assert.Equal((2, 1), (page.Sources[0].Dropped(ExpositionErrorReason.InvalidUtf8), page.Sources[0].DroppedMetadata));
    }

    [Fact]
    public void Names_without_samples_are_limited_like_samples()
    {
        var page = new Page(new ExpositionLimits { MaxSamples = 2 })
            .Add("a", "# TYPE x gauge\n# HELP y Y.\n# HELP z Z.\n# TYPE w gauge\nx 1\n").Add("b", "# TYPE v gauge\nv 1\n");

        Assert.Equal((true, false), (page.Sources[0].IsTooLarge, page.Sources[1].IsTooLarge));
        Assert.Equal("# TYPE v gauge\nv{model=\"b\"} 1\n", page.Write());
    }

    /// <summary>Neither an exponent nor a digit more than usual is needed to leave the range of a double.</summary>
    [Theory]
    [InlineData(199, 0)]
    [InlineData(308, 0)]
    [InlineData(309, 1)]
    [InlineData(2500, 1)]
    public void A_number_of_many_digits_is_in_range_or_counted(int zeros, int dropped)
    {
        var number = "1" + new string('0', zeros);
        var page = new Page().Add("a", $"good 1\nx {number}\nx{{k=\"1\"}} -{number}.0\nx{{k=\"2\"}} 0.{new string('0', zeros)}1\n");

        Assert.Equal((4, 4 - (2 * dropped)), (page.Sources[0].SampleLines, page.Sources[0].Samples));
        Assert.Equal(2 * dropped, page.Sources[0].Dropped(ExpositionErrorReason.ValueOutOfRange));
    }

    [Theory]
    [InlineData("12345678", true)]
    [InlineData("123456789", false)]
    [InlineData("\\n\\\\\\\"45678", true)] // eight bytes in eleven
    [InlineData("\\n\\\\\\\"456789", false)]
    [InlineData("\\t345678", true)] // an unknown escape is two
    [InlineData("\\t3456789", false)]
    [InlineData("ééé\\nx", true)]
    [InlineData("éééé\\n", false)]
    public void The_limit_of_a_label_value_counts_decoded_bytes(string value, bool isKept)
    {
        var page = new Page(new ExpositionLimits { MaxLabelValueBytes = 8 }).Add("a", $"x{{k=\"{value}\"}} 1\n");

        Assert.Equal(isKept ? (1, 0) : (0, 1), (page.Sources[0].Samples, page.Sources[0].Dropped(ExpositionErrorReason.LabelValueTooLong)));
    }

    [Fact]
    public void A_source_with_more_samples_than_the_limit_is_left_out_whole()
    {
        var page = new Page(new ExpositionLimits { MaxSamples = 2 })
            .Add("a", "x{a=\"1\"} 1\nx{a=\"2\"} 1\n")
            .Add("b", "# TYPE x gauge\nx{a=\"1\"} 1\nx{a=\"2\"} 1\nx{a=\"3\"} 1\ny 1\n");

        Assert.Equal("# TYPE x untyped\nx{model=\"a\",a=\"1\"} 1\nx{model=\"a\",a=\"2\"} 1\n", page.Write());
        Assert.Equal((true, 0, 0), (page.Sources[1].IsTooLarge, page.Sources[1].SampleLines, page.Sources[1].Samples));
    }

    [Fact]
    public void The_page_s_own_families_have_no_limits()
    {
        var own = $"model_runner_up{{a=\"{new string('v', 20)}\",b=\"2\"}} 1\nmodel_runner_up{{a=\"2\",}} 1\nmodel_runner_up 2\n";
        var page = new Page(new ExpositionLimits { MaxSamples = 2, MaxLabels = 1, MaxLabelValueBytes = 8 }).AddOwn(own);

        Assert.Equal(own.Replace(",}", "}", StringComparison.Ordinal), Page.WithoutComments(page.Write()));
    }

    [Fact]
    public void What_stands_behind_the_end_mark_of_OpenMetrics_counts_for_nothing()
    {
        var page = new Page().Add("a", "x 1\n# EOF\ny 2\n# TYPE y gauge\n# EOF\n");

        Assert.Equal("# TYPE x untyped\nx{model=\"a\"} 1\n", page.Write());
        Assert.Equal(2, page.Sources[0].Dropped(ExpositionErrorReason.AfterEof));
        Assert.True(page.Sources[0].IsOpenMetrics);
    }

    [Theory]
    [InlineData("x 1\n# EOF", true)]
    [InlineData("x 1\n# EOF \r\n\n", true)]
    [InlineData("# EOF\n", true)]
    [InlineData("x 1\n# HELP y # EOF\n", false)]
    [InlineData("x 1\n# EOF\ny 2\n", false)]
    [InlineData("x{a=\"# EOF\"} 1\n", false)]
    [InlineData("x 1\n## EOF\n", false)]
    public void A_body_is_OpenMetrics_where_its_last_line_is_the_end_mark(string body, bool expected) =>
        Assert.Equal(expected, new Page().Add("a", body).Sources[0].IsOpenMetrics);

    [Fact]
    public void An_OpenMetrics_body_gets_the_names_and_types_of_text()
    {
        const string Body = "# TYPE c counter\n# HELP c Counts.\nc_total 1\nc_created 5\n# HELP i Info.\n# TYPE i info\ni_info{v=\"1\"} 1\n"
            + "# TYPE u unknown\nu 1\n# TYPE s stateset\ns{s=\"a\"} 1\n# TYPE g gaugehistogram\ng_bucket{le=\"+Inf\"} 1"
            + "\ng_gcount 1\ng_gsum 1\n# EOF\n";

        Assert.Equal(
            "# TYPE c_created gauge\nc_created 5\n# HELP c_total Counts.\n# TYPE c_total counter\nc_total 1"
                + "\n# TYPE g_bucket gauge\ng_bucket{le=\"+Inf\"} 1\n"
            + "# TYPE g_gcount gauge\ng_gcount 1\n# TYPE g_gsum gauge\ng_gsum 1\n# HELP i_info Info.\n# TYPE i_info gauge"
            + "\ni_info{v=\"1\"} 1\n"
            + "# TYPE s gauge\ns{s=\"a\"} 1\n# TYPE u untyped\nu 1\n",
            Page.Rewrite(Body));
    }

    [Theory]
    [InlineData("# HELP x two\\nlines \\\\ \\t \\\" \"q\"\nx 1\n", "# HELP x two\\nlines \\\\ \\\\t \\\\\" \"q\"\n")]
    [InlineData("#HELP x tight\nx 1\n", "# HELP x tight\n")]
    [InlineData("#\tHELP\tx\ttabs\t\nx 1\n", "# HELP x tabs\n")]
    [InlineData("x 1\n# HELP x later\n# HELP x again\n", "# HELP x later\n")]
    [InlineData("# HELP \"x\" quoted\nx 1\n", "# HELP x quoted\n")]
    public void Help_is_written_with_the_escapes_that_all_readers_know(string body, string expected) =>
        Assert.StartsWith(expected, Page.Rewrite(body));

    [Theory]
    [InlineData("# TYPE x\nx 1\n")]
    [InlineData("# TYPE x info2\nx 1\n")]
    [InlineData("# TYPE met-ric counter\nx 1\n")]
    [InlineData("# HELP # x\nx 1\n")]
    public void Bad_metadata_is_counted_and_no_sample(string body)
    {
        var page = new Page().Add("a", body);

        Assert.Equal((1, 1), (page.Sources[0].Dropped(ExpositionErrorReason.InvalidMetadata), page.Sources[0].DroppedMetadata));
        Assert.Equal((1, 1), (page.Sources[0].SampleLines, page.Sources[0].Samples));
        Assert.Equal("# TYPE x untyped\nx{model=\"a\"} 1\n", page.Write());
    }

    [Fact]
    public void Two_hundred_thousand_comments_are_read_without_recursion() =>
        Assert.Equal("", Page.Rewrite(new StringBuilder().Insert(0, "# x\n", 200_000).ToString()));
}
