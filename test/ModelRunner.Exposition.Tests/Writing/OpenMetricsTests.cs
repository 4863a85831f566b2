namespace ModelRunner.Exposition.Tests.Writing;

public sealed class OpenMetricsTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("# HELP x A \"quoted\" help.\n# TYPE x gauge\nx NaN 17\n\n", "# TYPE x gauge\n# HELP x A \\\"quoted\\\" help.\nx NaN\n")]
    [InlineData("# HELP x \n# TYPE x untyped\nx 1\n", "# TYPE x unknown\nx 1\n")]
    [InlineData("# TYPE x_total counter\nx_total 1\n", "# TYPE x counter\nx_total 1\n")]
    [InlineData("# TYPE x counter\nx 1\n", "# TYPE x unknown\nx 1\n")]
    // Both would be called x: the first in order is, and the other keeps its whole name.
    [InlineData("# TYPE x_info info\nx_info 1\n# TYPE x_total counter\nx_total 1\n", "# TYPE x info\nx_info 1\n# TYPE x_total unknown\nx_total 1\n")]
    [InlineData(
        "# TYPE x summary\nx_sum 1\nx_count 1\n# TYPE x_total counter\nx_total 1\n",
        "# TYPE x summary\nx_sum 1\nx_count 1\n# TYPE x_total unknown\nx_total 1\n")]
    [InlineData("# TYPE x_total counter\nx_total -1\n", "# TYPE x_total unknown\nx_total -1\n")]
    [InlineData("# TYPE x_total_total counter\nx_total_total 1\n", "# TYPE x_total_total unknown\nx_total_total 1\n")]
    [InlineData("# TYPE x_total counter\nx_total NaN\n", "# TYPE x_total unknown\nx_total NaN\n")]
    [InlineData("# TYPE x gauge\nx 1\n# TYPE x_total counter\nx_total 1\n", "# TYPE x gauge\nx 1\n# TYPE x_total unknown\nx_total 1\n")]
    [InlineData(
        "# TYPE x_total histogram\nx_total_bucket{le=\"+Inf\"} 1\nx_total_sum 1\nx_total_count 1\n",
        "# TYPE x_total histogram\nx_total_bucket{le=\"+Inf\"} 1\nx_total_sum 1\nx_total_count 1\n")]
    public void Families_are_what_they_can_be_there(string body, string expected) => Assert.Equal(expected + "# EOF\n", Write(body));

    [Theory]
    [InlineData(
        "h_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 1.5\nh_count 2\n",
        "h_bucket{le=\"1.0\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 1.5\nh_count 2\n")]
    [InlineData(
        "h_bucket { le = \"1\" } 1\nh_bucket{le=\"+inf\",} 2\nh_sum 1.5\nh_count 2\n",
        "h_bucket{le=\"1.0\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 1.5\nh_count 2\n")]
    [InlineData(
        "h_bucket{a=\"b\",le=\"10\",c=\"d\"} 1\nh_bucket{a=\"b\",le=\"Inf\",c=\"d\"} 1.0\n",
        "h_bucket{a=\"b\",le=\"10.0\",c=\"d\"} 1\nh_bucket{a=\"b\",le=\"+Inf\",c=\"d\"} 1.0\n")]
    [InlineData(
        "h_bucket{a=\"1\",le=\"+Inf\"} 1\nh_bucket{a=\"2\",le=\"+Inf\"} 2\nh_sum{a=\"1\"} 3\nh_sum{a=\"2\"} 4\nh_count{a=\"1"
            + "\"} 1\nh_count{a=\"2\"} 2\n",
        "h_bucket{a=\"1\",le=\"+Inf\"} 1\nh_sum{a=\"1\"} 3\nh_count{a=\"1\"} 1\nh_bucket{a=\"2\",le=\"+Inf\"} 2\nh_sum{a=\"2"
            + "\"} 4\nh_count{a=\"2\"} 2\n")]
    [InlineData(
        "h_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n# TYPE h_created gauge\nh_created 1.7e9\n",
        "h_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\nh_created 1.7e9\n")]
    public void Valid_histograms_are_grouped_by_metric(string samples, string expected) =>
        Assert.Equal("# TYPE h histogram\n" + expected + "# EOF\n", Write("# TYPE h histogram\n" + samples));

    [Fact]
    public void Parts_that_wait_for_many_families_come_in_order()
    {
        var names = Enumerable.Range(0, 20).Select(length => "a" + new string('0', length)).ToArray();
        var page = Write(string.Concat(names.Select(name => $"# TYPE {name} histogram\n{name}_bucket{{le=\"1\"}} 1\n{name}_sum 1\n")));

        var families = page.Split('\n').Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal)).Select(line => line.Split(' ')[2]).ToArray();
        Assert.Equal(names.SelectMany(name => new[] { name + "_bucket", name + "_sum" }).Order(StringComparer.Ordinal), families);
    }

    [Theory]
    [InlineData("# TYPE s stateset\ns{s=\"on\",le=\"1\",quantile=\"often\"} 1\n")]
    [InlineData("# TYPE s summary\ns{quantile=\"1.0\",le=\"1\"} 1\ns_count{le=\"2\"} 3\n")]
    [InlineData("# TYPE h histogram\nh_bucket{le=\"+Inf\",quantile=\"1\"} 1\nh_sum{quantile=\"1\"} 1\nh_count{quantile=\"1\"} 1\n")]
    public void Only_a_bound_is_written_as_one(string family) => Assert.Contains(family[family.IndexOf('\n')..], Write(family), StringComparison.Ordinal);

    [Fact]
    public void The_same_labels_have_another_bound_in_a_family_of_another_type()
    {
        const string Page = "# TYPE h histogram\nh_bucket{le=\"5.0\",quantile=\"0.5\"} 1\nh_bucket{le=\"+Inf\",quantile=\"0.5\"} 1\n"
            + "# TYPE s summary\ns{le=\"5.0\",quantile=\"0.5\"} 1\ns{le=\"5.0\",quantile=\"1.0\"} 2\ns_count{le=\"5.0\"} 2\n";

        Assert.Equal(Page + "# EOF\n", Write(Page));
    }

    [Theory]
    [InlineData("h_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\n")] // no +Inf
    [InlineData("h_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 2\n")] // count differs
    [InlineData("h_bucket{le=\"2\"} 1\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\n")] // order
    [InlineData("h_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\n")] // falling
    [InlineData("h_bucket{le=\"+Inf\"} 1.5\n")] // not whole
    [InlineData("h_bucket{le=\"+Inf\"} 1\nh_sum -1\nh_count 1\n")] // negative sum
    [InlineData("h_bucket{le=\"+Inf\"} 1\nh_sum NaN\nh_count 1\n")]
    [InlineData("h_bucket{le=\"+Inf\"} 1\nh_sum 1\n")] // sum without count
    [InlineData("h_bucket{le=\"-1\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n")] // sum with negative bounds
    [InlineData("h_bucket{le=\"1.0\"} 9007199254740993\nh_bucket{le=\"+Inf\"} 9007199254740992\n")] // falling, but not as doubles
    [InlineData("h_bucket{le=\"+Inf\"} 9007199254740993\nh_sum 1\nh_count 9007199254740993.0\n")]
    [InlineData("h_bucket{le=\"+Inf\"} 1\nh_sum{le=\"1\"} 1\nh_count{le=\"1\"} 1\n")]
    [InlineData("h_bucket 1\n")]
    [InlineData("h_sum 1\nh_count 1\n")]
    public void Histograms_that_OpenMetrics_forbids_become_unknown_and_keep_every_sample(string samples)
    {
        var page = Write("# TYPE h histogram\n" + samples);

        Assert.DoesNotContain("histogram", page, StringComparison.Ordinal);
        foreach (var line in samples.Split('\n'))
            Assert.Contains(line + "\n", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        "s{quantile=\"0.5\"} 1\ns{quantile=\"1\"} 2\ns_sum 3\ns_count 4\n",
        "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns{quantile=\"1.0\"} 2\ns_sum 3\ns_count 4\n")]
    [InlineData("s{quantile=\"2\"} 1\ns_sum 3\n", "# TYPE s unknown\ns{quantile=\"2\"} 1\n# TYPE s_sum unknown\ns_sum 3\n")]
    [InlineData("s{quantile=\"1\"} 1\ns{quantile=\"1.0\"} 2\n", "# TYPE s unknown\ns{quantile=\"1\"} 1\ns{quantile=\"1.0\"} 2\n")]
    [InlineData("s{quantile=\"1\"} 1\ns{quantile=\"0\"} 2\n", "# TYPE s summary\ns{quantile=\"1.0\"} 1\ns{quantile=\"0.0\"} 2\n")]
    [InlineData("s{le=\"5\",quantile=\"0\"} 1\n", "# TYPE s summary\ns{le=\"5\",quantile=\"0.0\"} 1\n")]
    [InlineData("s_sum{quantile=\"NaN\"} 1\n", "# TYPE s_sum unknown\ns_sum{quantile=\"NaN\"} 1\n")]
    [InlineData("s_sum{quantile=\"1\"} 1\n", "# TYPE s_sum unknown\ns_sum{quantile=\"1\"} 1\n")]
    [InlineData("s 1\n", "# TYPE s unknown\ns 1\n")]
    public void Summaries_too(string samples, string expected) => Assert.Equal(expected + "# EOF\n", Write("# TYPE s summary\n" + samples));

    [Fact]
    public void Creation_times_that_belong_to_no_metric_stay_what_they_are() =>
        Assert.Equal(
            "# TYPE x_created gauge\nx_created{a=\"2\"} 5\n# TYPE x_total unknown\nx_total{a=\"1\"} 1\n# EOF\n",
            Write("# TYPE x_total counter\nx_total{a=\"1\"} 1\n# TYPE x_created gauge\nx_created{a=\"2\"} 5\n"));

    [Fact]
    public void An_OpenMetrics_body_comes_out_as_it_went_in()
    {
        const string Body = "# TYPE c counter\n# HELP c Counts.\nc_total{a=\"1\"} 1 # {t=\"é\"} 0.5 17.5\nc_created{a=\"1\"} 5"
            + "\nc_total{a=\"2\"} 1\nc_created{a=\"2\"} 5\n"
            + "# TYPE g_s gaugehistogram\n# UNIT g_s s\n# HELP g_s G.\ng_s_bucket{le=\"-1.0\"} 1 # {t=\"1\"} -2\ng_s_bucket{le=\"+Inf\"} 1\n"
            + "g_s_gcount 1\ng_s_gsum -2\n"
            + "# TYPE h histogram\nh_bucket{le=\"1.0\"} 1 # {} 0.5\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n"
            + "# TYPE i info\ni_info{v=\"1\"} 1\n# TYPE s stateset\ns{s=\"a\"} 1\ns{s=\"b\"} 0\n"
            + "# TYPE \"u.v\" stateset\n{\"u.v\",\"u.v\"=\"a\"} 1\n# TYPE w stateset\nw{w=\"a\",le=\"1\"} 1\n# EOF\n";

        Assert.Equal(Body, Write(Body));
    }

    [Theory]
    [InlineData("x_total 1 # {a=\"{0}\"} 1\n", 127, true)]
    [InlineData("x_total 1 # {a=\"{0}\"} 1\n", 128, false)]
    [InlineData("x_total 1 # {a=\"{0}\\n\\\\\"} 1\n", 125, true)] // an escape is the one character that it stands for
    [InlineData("x_total 1 # {a=\"{0}\\n\\\\\"} 1\n", 126, false)]
    [InlineData("x 1 # {a=\"{0}\"} 1\n", 1, false)]
    [InlineData("x_total 1 # {\"a.b\"=\"{0}\"} 1\n", 1, false)]
    [InlineData("x_total 1 # {a=\"}{0}\"} 1\n", 1, false)]
    [InlineData("x_total 1 # {a=\"\0{0}\"} 1\n", 1, false)]
    public void Exemplars_pass_where_they_are_allowed(string sample, int length, bool expected)
    {
        var page = Write("# TYPE x_total counter\n# TYPE x gauge"
            + "\n" + sample.Replace("{0}", new string('é', length), StringComparison.Ordinal));

        Assert.Equal(expected, page.Contains('é', StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("le=\"1.0\"", "1", true)]
    [InlineData("le=\"1.0\"", "1.5", false)]
    [InlineData("le=\"1.0\"", "NaN 5", false)]
    [InlineData("le=\"1.0\"", "-Inf 5", true)]
    [InlineData("le=\"+Inf\"", "NaN", true)]
    public void An_exemplar_is_within_its_bucket(string bucket, string value, bool expected)
    {
        var exemplar = $" # {{a=\"1\"}} {value}\n";
        var page = Write($"# TYPE h histogram\nh_bucket{{{bucket}}} 1{exemplar}" + (bucket.Contains("Inf", StringComparison.Ordinal) ? "" : "h_bucket{le=\"+Inf\"} 1\n"));

        Assert.Contains("# TYPE h histogram\n", page, StringComparison.Ordinal);
        Assert.Equal(expected, page.Contains(exemplar, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("0.5", "0.5")]
    [InlineData("0.50", "0.5")]
    [InlineData("00.5", "0.5")]
    [InlineData("0.00001", "1e-05")]
    [InlineData("1000000.0", "1e+06")]
    [InlineData("1E3", "1000.0")]
    [InlineData("1e+06", "1e+06")]
    [InlineData("-0.25", "-0.25")]
    [InlineData("123456.789012345", "123456.789012345")]
    public void A_bound_has_one_spelling(string bound, string expected) => Assert.Contains(
        $"h_bucket{{le=\"{expected}\"}} 1\n", Write($"# TYPE h histogram\nh_bucket{{le=\"{bound}\"}} 1\nh_bucket{{le=\"+Inf\"}} 1\n"), StringComparison.Ordinal);

    [Theory]
    [InlineData(
        NameEscaping.AllowUtf8,
        "# TYPE \"a.b\" gauge\n{\"a.b\",model=\"m\",\"c.d\"=\"e\"} 1\n{\"a.b\",model=\"m\"} 2\n# TYPE f_total counter\nf_total{mode"
            + "l=\"m\"} 3\n")]
    [InlineData(
        NameEscaping.Underscores,
        "# TYPE a_b gauge\na_b{model=\"m\",c_d=\"e\"} 1\na_b{model=\"m\"} 2\n# TYPE f_total counter\nf_total{model=\"m\"} 3\n")]
    [InlineData(
        NameEscaping.Values,
        "# TYPE U__a_2e_b gauge\nU__a_2e_b{model=\"m\",U__c_2e_d=\"e\"} 1\nU__a_2e_b{model=\"m\"} 2\n# TYPE f_total counter\nf_tota"
            + "l{model=\"m\"} 3\n")]
    [InlineData(
        NameEscaping.Dots,
        "# TYPE a_dot_b gauge\na_dot_b{model=\"m\",c_dot_d=\"e\"} 1\na_dot_b{model=\"m\"} 2\n# TYPE f__total counter\nf__total{mode"
            + "l=\"m\"} 3\n")]
    public void Names_beyond_the_classic_set_are_written_as_the_client_asked(NameEscaping escaping, string expected) =>
        Assert.Equal(expected, new Page().Add("m", "# TYPE \"a.b\" gauge\n{\"a.b\",\"c.d\"=\"e\"} 1\n{\"a.b\"} 2"
            + "\n# TYPE f_total counter\nf_total 3\n")
            .Write(ExpositionFormat.Text004, escaping));

    [Theory]
    [InlineData(NameEscaping.AllowUtf8, "# TYPE \"a.b\" unknown\n# HELP \"a.b\" A \\\"b\\\".\\n\n{\"a.b\",model=\"m\"} 1\n")]
    [InlineData(NameEscaping.Underscores, "# TYPE a_b unknown\n# HELP a_b A \\\"b\\\".\\n\na_b{model=\"m\"} 1\n")]
    public void Escaping_names_costs_neither_helps_nor_exemplars(NameEscaping escaping, string first) =>
        Assert.Equal(
            first + "# TYPE c counter\n# HELP c C.\nc_total{model=\"m\"} 1 # {t=\"u\"} 2 3.5\n# EOF\n",
            new Page().Add("m", "# HELP \"a.b\" A \"b\".\\n\n# TYPE \"a.b\" untyped\n{\"a.b\"} 1\n# HELP c_total C.\n# TYPE c_total counter\nc_total 1 # {t=\"u\"} 2 3.5\n")
                .Write(ExpositionFormat.OpenMetrics100, escaping));

    [Fact]
    public void Quotes_backslashes_and_line_feeds_of_a_name_are_escaped_wherever_it_stands()
    {
        const string Body = "# HELP \"q\\\"\\n\\\\\" Q.\n# TYPE \"q\\\"\\n\\\\\" gauge\n{\"q\\\"\\n\\\\\",\"l\\\"\\n\"=\"v\"} 1\n";

        Assert.Equal(Body, new Page().Add([], System.Text.Encoding.UTF8.GetBytes(Body)).Write(ExpositionFormat.Text004, NameEscaping.AllowUtf8));
    }

    [Fact]
    public void Names_that_become_equal_by_escaping_are_merged_and_counted()
    {
        var page = new Page().Add("m", "# TYPE \"a.b\" gauge\n{\"a.b\"} 1\n# TYPE a_b counter\na_b 2\n{\"a.b\",\"c.d\"=\"1"
            + "\",c_d=\"2\"} 3\n");

        Assert.Equal("# TYPE a_b untyped\na_b{model=\"m\"} 1\n", page.Write());
        Assert.Equal(3, page.Conflicts(MergeConflict.Escaping));
        Assert.Equal((3, 1, 2), (page.Sources[0].SampleLines, page.Sources[0].Samples, page.Sources[0].Dropped(ExpositionErrorReason.EscapingCollision)));
    }

    [Fact]
    public void What_one_page_loses_by_escaping_another_one_has()
    {
        var page = new Page().Add("m", "{\"rt.units\"} 1\nrt_units 2\n");
        var summary = page.Sources[0];

        page.Write();
        page.Write();
        Assert.Equal((1, 1, 1), (summary.Samples, summary.DroppedSamples, summary.Dropped(ExpositionErrorReason.EscapingCollision)));
        page.Write(ExpositionFormat.Text004, NameEscaping.AllowUtf8);
        Assert.Equal((2, 0, 0), (summary.Samples, summary.DroppedSamples, summary.Dropped(ExpositionErrorReason.EscapingCollision)));
    }

    [Fact]
    public void Suffixes_of_histograms_stay_when_their_names_are_escaped() =>
        Assert.Equal(
            "# TYPE h_dot_i histogram\nh_dot_i_bucket{le=\"+Inf\"} 1\nh_dot_i_sum 1\nh_dot_i_count 1\n# EOF\n",
            new Page().Add([], "# TYPE \"h.i\" histogram\n{\"h.i_bucket\",le=\"+Inf\"} 1\n{\"h.i_sum\"} 1\n{\"h.i_count\"} 1\n"u8.ToArray())
                .Write(ExpositionFormat.OpenMetrics100, NameEscaping.Dots));

    [Theory]
    [InlineData("g_bucket{le=\"1\"} 1\ng_gsum 1\ng_gcount 1\n")] // no +Inf
    [InlineData("g_bucket{le=\"+Inf\"} 1\ng_gcount 2\ng_gsum 1\n")]
    [InlineData("g_bucket{le=\"+Inf\"} 1\ng_gcount 1\n")]
    [InlineData("g_bucket{le=\"+Inf\"} 1\ng_gcount 1\ng_gsum -1\n")] // negative sum without negative bounds
    [InlineData("g_bucket{le=\"+Inf\"} 1\ng_gcount 1\ng_gsum NaN\n")]
    [InlineData("g_bucket{le=\"x\"} 1\n")]
    [InlineData("g_gcount 1\ng_gsum 1\n")]
    [InlineData("g_bucket{le=\"+Inf\"} 1\ng 1\n")]
    public void A_gauge_histogram_that_cannot_be_one_is_gauges_as_in_text(string samples)
    {
        var page = Write("# TYPE g gaugehistogram\n" + samples + "# EOF\n");

        Assert.DoesNotContain("gaugehistogram", page, StringComparison.Ordinal);
        foreach (var line in samples.Split('\n').Where(line => line.StartsWith("g_g", StringComparison.Ordinal) || line.StartsWith("g_b", StringComparison.Ordinal)))
            Assert.Contains($"# TYPE {line.Split('{', ' ')[0]} gauge\n{line}\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Gauge_histograms_of_two_sources_are_one_family()
    {
        const string Body = "# TYPE g gaugehistogram\n# HELP g G.\ng_bucket{le=\"1\"} 1\ng_bucket{le=\"+Inf\"} 1\ng_gsum 1\ng_gcount 1\n# EOF\n";
        var page = new Page().Add("b", Body).Add("a", Body);

        Assert.Equal(
            "# TYPE g gaugehistogram\n# HELP g G.\n"
            + "g_bucket{model=\"a\",le=\"1.0\"} 1\ng_bucket{model=\"a\",le=\"+Inf\"} 1\ng_gcount{model=\"a\"} 1\ng_gsum{model=\"a\"} 1\n"
            + "g_bucket{model=\"b\",le=\"1.0\"} 1\ng_bucket{model=\"b\",le=\"+Inf\"} 1\ng_gcount{model=\"b\"} 1\ng_gsum{model=\"b\"} 1\n# EOF\n",
            page.Write(ExpositionFormat.OpenMetrics100));
        Assert.Equal(
            "# TYPE g_bucket gauge\ng_bucket{model=\"a\",le=\"1\"} 1\ng_bucket{model=\"a\",le=\"+Inf\"} 1\n"
            + "g_bucket{model=\"b\",le=\"1\"} 1\ng_bucket{model=\"b\",le=\"+Inf\"} 1\n"
            + "# TYPE g_gcount gauge\ng_gcount{model=\"a\"} 1\ng_gcount{model=\"b\"} 1\n"
            + "# TYPE g_gsum gauge\ng_gsum{model=\"a\"} 1\ng_gsum{model=\"b\"} 1\n",
            page.Write());
    }

    [Theory]
    [InlineData(NameEscaping.Underscores, "h_i")]
    [InlineData(NameEscaping.Dots, "h_dot_i")]
    [InlineData(NameEscaping.Values, "U__h_2e_i")]
    public void Escaped_families_keep_their_type_and_all_their_parts(NameEscaping escaping, string name)
    {
        const string Body = "# TYPE \"h.i\" histogram\n{\"h.i_bucket\",le=\"+Inf\"} 1\n{\"h.i_created\"} 5\n# EOF\n";
        const string Gauge = "# TYPE \"h.i\" gaugehistogram\n# HELP \"h.i\" H.\n{\"h.i_bucket\",le=\"+Inf\"} 1\n{\"h.i_gcount\"} 1\n{\"h.i_gsum\"} 1\n# EOF\n";

        Assert.Equal(
            $"# TYPE {name} histogram\n{name}_bucket{{le=\"+Inf\"}} 1\n{name}_created 5\n# EOF\n",
            new Page().Add([], System.Text.Encoding.UTF8.GetBytes(Body)).Write(ExpositionFormat.OpenMetrics100, escaping));
        Assert.Equal(
            $"# TYPE {name} gaugehistogram\n# HELP {name} H.\n{name}_bucket{{le=\"+Inf\"}} 1\n{name}_gcount 1\n{name}_gsum 1\n# EOF\n",
            new Page().Add([], System.Text.Encoding.UTF8.GetBytes(Gauge)).Write(ExpositionFormat.OpenMetrics100, escaping));
    }

    private static string Write(string body) =>
        new Page().Add([], System.Text.Encoding.UTF8.GetBytes(body)).Write(ExpositionFormat.OpenMetrics100, NameEscaping.AllowUtf8);
}
