namespace ModelRunner.Exposition.Tests.Merging;

public sealed class MergeTests
{
    [Fact]
    public void Families_of_two_sources_are_joined_in_order_of_name_and_target()
    {
        var page = new Page()
            .Add("b", "# HELP y Why.\n# TYPE y gauge\ny 1\n# TYPE x counter\nx{a=\"1\"} 2\n")
            .Add("a", "# HELP y Why.\n# TYPE y gauge\ny 3\n");

        Assert.Equal(
            "# TYPE x counter\nx{model=\"b\",a=\"1\"} 2\n# HELP y Why.\n# TYPE y gauge\ny{model=\"a\"} 3\ny{model=\"b\"} 1\n",
            page.Write());
    }

    [Theory]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(64)]
    [InlineData(200)]
    public void A_label_set_is_the_same_in_any_order_however_large(int count)
    {
        var labels = Enumerable.Range(0, count).Select(number => $"\"l.{number}\"=\"{number}\"").ToArray();
        var other = labels.ToArray();
        other[count / 2] = other[count / 2].Replace("=\"", "=\"x", StringComparison.Ordinal);
        var page = new Page(new ExpositionLimits { MaxLabels = count }).Add("a", string.Concat(
            Sample(labels), Sample(labels.Reverse()), Sample(other), Sample(labels[1..].Append(labels[0])), Sample(other.Reverse()), Sample(labels[1..])));

        page.Write();

        Assert.Equal((3, 3), (page.Sources[0].Samples, page.Sources[0].Dropped(ExpositionErrorReason.DuplicateSeries)));
        static string Sample(IEnumerable<string> labels) => $"x{{{string.Join(',', labels)}}} 1\n";
    }

    [Fact]
    public void Interleaved_families_become_contiguous_and_keep_their_order_within()
    {
        Assert.Equal("# TYPE u counter\nu{k=\"2\"} 1\nu{k=\"1\"} 2\n# TYPE v counter\nv 7\n",
            Page.Rewrite("# TYPE u counter\n# TYPE v counter\nu{k=\"2\"} 1\nv 7\nu{k=\"1\"} 2\n"));
    }

    [Fact]
    public void Parts_of_a_histogram_stay_together_in_the_order_of_the_source()
    {
        const string Histogram = "# TYPE h histogram\nh_bucket{le=\"0.5\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 2.5\nh_count 2\n";

        Assert.Equal(Histogram + "# TYPE h_total counter\nh_total 1\n", Page.Rewrite("# TYPE h_total counter\nh_total 1\n" + Histogram));
    }

    [Fact]
    public void A_source_without_metadata_joins_the_histogram_that_another_declared()
    {
        var page = new Page().Add("a", "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 2\n").Add("b", "h_count 3"
            + "\nh_sum 4\n");

        Assert.Equal(
            "# TYPE h histogram\nh_bucket{model=\"a\",le=\"+Inf\"} 2\nh_sum{model=\"a\"} 1\nh_count{model=\"a\"} 2"
                + "\nh_count{model=\"b\"} 3\nh_sum{model=\"b\"} 4\n",
            page.Write());
    }

    [Fact]
    public void Different_types_make_the_family_untyped_and_count()
    {
        var page = new Page().Add("a", "# TYPE x counter\nx 1\n").Add("b", "# TYPE x gauge\nx 2\n");

        Assert.Equal("# TYPE x untyped\nx{model=\"a\"} 1\nx{model=\"b\"} 2\n", page.Write());
        Assert.Equal(1, page.Conflicts(MergeConflict.Type));
    }

    [Theory]
    [InlineData("# TYPE x info\nx_info 1\n# EOF\n", "# TYPE x_info gauge\nx_info 1\n", "x_info")]
    [InlineData("# TYPE x gauge\nx{x=\"a\"} 1\n", "# TYPE x stateset\nx{x=\"a\"} 1\n# EOF\n", "x")]
    public void What_is_a_gauge_in_text_is_no_conflict(string first, string second, string name)
    {
        var page = new Page().Add("a", first).Add("b", second);

        Assert.StartsWith($"# TYPE {name} gauge\n", page.Write());
        Assert.StartsWith($"# TYPE {name} gauge\n", page.Write(ExpositionFormat.OpenMetrics100));
        Assert.Equal(0, page.Conflicts(MergeConflict.Type));
    }

    [Theory]
    [InlineData("one", "two", "two", "two")]
    [InlineData("b", "a", "c", "a")]
    [InlineData("", "x", "x", "x")]
    public void The_most_frequent_help_wins_and_ties_go_by_text(string first, string second, string third, string chosen)
    {
        var page = new Page()
            .Add("a", $"# HELP x {first}\nx 1\n")
            .Add("b", $"# HELP x {second}\nx 1\n")
            .Add("c", $"# HELP x {third}\nx 1\n");

        Assert.StartsWith($"# HELP x {chosen}\n# TYPE x untyped\n", page.Write());
        Assert.Equal(1, page.Conflicts(MergeConflict.Help));
    }

    [Theory]
    [InlineData("# TYPE h_count gauge\nh_count 7\n")]
    [InlineData("h_count 7\n# TYPE h_count gauge\n")]
    public void A_family_named_like_a_part_of_a_histogram_dissolves_it_and_nothing_is_lost(string other)
    {
        var page = new Page().Add("a", "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 2\n").Add("b", other);

        Assert.Equal(
            "# TYPE h_bucket untyped\nh_bucket{model=\"a\",le=\"+Inf\"} 2\n# TYPE h_count gauge\nh_count{model=\"a\"} 2"
                + "\nh_count{model=\"b\"} 7\n"
            + "# TYPE h_sum untyped\nh_sum{model=\"a\"} 1\n",
            page.Write());
        Assert.Equal(1, page.Conflicts(MergeConflict.Suffix));
    }

    [Fact]
    public void A_sample_with_the_bare_name_of_a_histogram_dissolves_it()
    {
        var page = new Page().Add("a", "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 2\n").Add("b", "h 7\n");

        Assert.Equal(
            "# TYPE h untyped\nh{model=\"b\"} 7\n# TYPE h_bucket untyped\nh_bucket{model=\"a\",le=\"+Inf\"} 2\n"
            + "# TYPE h_count untyped\nh_count{model=\"a\"} 2\n# TYPE h_sum untyped\nh_sum{model=\"a\"} 1\n",
            page.Write());
        Assert.Equal(1, page.Conflicts(MergeConflict.Suffix));
    }

    [Fact]
    public void A_creation_time_of_text_without_a_type_is_untyped_as_it_came() =>
        Assert.Equal(
            "# TYPE c_created untyped\nc_created 5\n# TYPE c_total counter\nc_total 1\n",
            Page.Rewrite("# TYPE c_total counter\nc_total 1\nc_created 5\n"));

    [Fact]
    public void A_type_without_samples_does_not_dissolve_a_histogram()
    {
        const string Histogram = "# TYPE h histogram\nh_bucket{model=\"a\",le=\"+Inf\"} 2\nh_count{model=\"a\"} 2\n";
        var page = new Page().Add("a", "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 2\nh_count 2"
            + "\n").Add("b", "# TYPE h_count gauge\n# HELP h_count x\ny 1\n");

        Assert.Equal(Histogram + "# TYPE y untyped\ny{model=\"b\"} 1\n", page.Write());
    }

    [Theory]
    [InlineData("# TYPE h histogram\nh_bucket{le=\"x\"} 1\n", "# TYPE h_bucket untyped\nh_bucket{le=\"x\"} 1\n")]
    [InlineData("# TYPE h histogram\nh_bucket { le=\"x\" } 1\n", "# TYPE h_bucket untyped\nh_bucket{le=\"x\"} 1\n")]
    [InlineData("# TYPE h histogram\nh_count -1\n", "# TYPE h_count untyped\nh_count -1\n")]
    [InlineData("# TYPE s summary\ns{quantile=\"x\"} 1\n", "# TYPE s untyped\ns{quantile=\"x\"} 1\n")]
    [InlineData("# TYPE h histogram\nh_sum -1\nh_count 1\n", "# TYPE h histogram\nh_sum -1\nh_count 1\n")]
    public void Histograms_that_expfmt_refuses_lose_their_type_only(string body, string expected) =>
        Assert.Equal(expected, Page.Rewrite(body));

    /// <summary>In text a suffix means something only where a histogram or summary of that name is declared, and <c>_total</c> never does.</summary>
    [Theory]
    [InlineData("# TYPE x gauge\nx 1\n# TYPE x_count gauge\nx_count 2\n# TYPE x_sum counter\nx_sum 3\n")]
    [InlineData("# TYPE x gauge\nx 1\n# TYPE x_total counter\nx_total 2\n")]
    [InlineData("# TYPE x_total histogram\nx_total_bucket{le=\"+Inf\"} 1\nx_total_sum 1\nx_total_count 1\n")]
    [InlineData("# TYPE x counter\nx 1\n# TYPE x_bucket counter\nx_bucket{le=\"1\"} 2\n# TYPE x_created gauge\nx_created 3\n")]
    [InlineData("# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 1\ns_count 2\n# TYPE s_bucket gauge\ns_bucket 1\n")]
    public void Suffixes_are_a_part_of_the_name(string body) => Assert.Equal(body, Page.Rewrite(body));

    [Fact]
    public void Creation_times_of_both_formats_meet_in_one_family()
    {
        var page = new Page()
            .Add("a", "# TYPE c_total counter\nc_total 1\n# TYPE c_created gauge\nc_created 5\n")
            .Add("b", "# TYPE c counter\nc_total 2\nc_created 6\n# EOF\n");

        Assert.Equal(
            "# TYPE c_created gauge\nc_created{model=\"a\"} 5\nc_created{model=\"b\"} 6\n# TYPE c_total counter\nc_total{model=\"a\"} 1\nc_total{model=\"b\"} 2\n",
            page.Write());
        Assert.Equal(
            "# TYPE c counter\nc_total{model=\"a\"} 1\nc_created{model=\"a\"} 5\nc_total{model=\"b\"} 2\nc_created{model=\"b\"} 6\n# EOF\n",
            page.Write(ExpositionFormat.OpenMetrics100));
    }

    [Theory]
    [InlineData(
        "x{model=\"a\",exported_model=\"b\",exported_exported_model=\"c\"} 1\n",
        "x{model=\"t\",exported_exported_exported_model=\"a\",exported_model=\"b\",exported_exported_model=\"c\"} 1\n")]
    [InlineData("x{model=\"own\"} 1\n", "x{model=\"t\",exported_model=\"own\"} 1\n")]
    [InlineData(
        "x{model=\"own\",exported_model=\"deep\"} 1\n",
        "x{model=\"t\",exported_exported_model=\"own\",exported_model=\"deep\"} 1\n")]
    [InlineData("x{model=\"\",a=\"b\"} 1\n", "x{model=\"t\",a=\"b\"} 1\n")]
    [InlineData("x{model=\"\"} 1\n", "x{model=\"t\"} 1\n")]
    [InlineData("x{exported_model=\"\",model=\"own\"} 1\n", "x{model=\"t\",exported_model=\"own\"} 1\n")]
    [InlineData("x{le=\"1\",quantile=\"2\"} 1\n", "x{model=\"t\",le=\"1\",quantile=\"2\"} 1\n")]
    public void A_label_of_the_target_wins_by_the_rule_of_Prometheus(string body, string expected) =>
        Assert.Equal("# TYPE x untyped\n" + expected, new Page().Add("t", body).Write());

    /// <summary>The shorter name is renamed first, wherever they stand in the line.</summary>
    [Theory]
    [InlineData(
        "x{exported_model=\"b\",model=\"a\"} 1\n",
        "x{model=\"1\",exported_model=\"2\",mode=\"3\",exported_exported_exported_model=\"b\",exported_exported_model=\"a\"} 1\n")]
    [InlineData(
        "x{model=\"a\",exported_model=\"b\"} 1\n",
        "x{model=\"1\",exported_model=\"2\",mode=\"3\",exported_exported_model=\"a\",exported_exported_exported_model=\"b\"} 1\n")]
    [InlineData("x{mode=\"a\"} 1\n", "x{model=\"1\",exported_model=\"2\",mode=\"3\",exported_mode=\"a\"} 1\n")]
    public void Labels_that_clash_are_renamed_in_the_order_of_Prometheus(string body, string expected) => Assert.Equal(
        "# TYPE x untyped\n" + expected,
        new Page().Add([new("model", "1"), new("exported_model", "2"), new("mode", "3")], System.Text.Encoding.UTF8.GetBytes(body)).Write());

    [Theory]
    [InlineData("x{a=\"1\",b=\"2\"} 1\nx{b=\"2\",a=\"1\"} 2\n", "x{a=\"1\",b=\"2\"} 1\n")]
    [InlineData("x 1\nx{} 2\nx{a=\"\"} 3\n", "x 1\n")]
    [InlineData("x{a=\"1\"} 1\ny 2\nx{a=\"1\"} 3\n", "x{a=\"1\"} 1\ny 2\n")]
    [InlineData("x{a=\"\\\\t\"} 1\nx{a=\"\\t\"} 2\n", "x{a=\"\\\\t\"} 1\n")]
    public void A_series_stands_once_whatever_the_order_of_its_labels(string body, string expected)
    {
        var page = new Page().Add([], System.Text.Encoding.UTF8.GetBytes(body));

        Assert.Equal(expected, Page.WithoutComments(page.Write()));
        var summary = Assert.Single(page.Sources);
        Assert.Equal(summary.SampleLines, summary.Samples + summary.Dropped(ExpositionErrorReason.DuplicateSeries));
    }

    [Fact]
    public void Series_of_two_sources_that_become_equal_are_dropped_too()
    {
        var page = new Page()
            .Add([new("a", "1")], "x{b=\"2\"} 1\n"u8.ToArray())
            .Add([new("b", "2")], "x{a=\"1\"} 2\n"u8.ToArray());

        Assert.Equal("# TYPE x untyped\nx{a=\"1\",b=\"2\"} 1\n", page.Write());
        Assert.Equal(1, page.Sources[1].Dropped(ExpositionErrorReason.DuplicateSeries));
        Assert.Equal(0, page.Sources[1].Samples);
    }

    [Fact]
    public void A_label_that_is_renamed_to_one_that_another_target_has_makes_the_same_series()
    {
        var page = new Page()
            .Add([new("x", "v"), new("exported_x", "")], "m{x=\"1\"} 1\n"u8.ToArray())
            .Add([new("x", "v"), new("exported_x", "1")], "m 2\n"u8.ToArray());

        Assert.Equal("# TYPE m untyped\nm{x=\"v\",exported_x=\"1\"} 1\n", page.Write());
        Assert.Equal(1, page.Sources[1].Dropped(ExpositionErrorReason.DuplicateSeries));
    }

    [Fact]
    public void Of_targets_that_begin_alike_the_shorter_one_comes_first()
    {
        var page = new Page().Add([new("model", "a"), new("replica", "1")], "x 1\n"u8.ToArray()).Add("a", "x 2\n").Add("A", "x 3\n");

        Assert.Equal("x{model=\"A\"} 3\nx{model=\"a\"} 2\nx{model=\"a\",replica=\"1\"} 1\n", Page.WithoutComments(page.Write()));
    }

    [Fact]
    public void What_the_page_says_of_itself_wins_over_a_source_without_labels()
    {
        var page = new Page().Add([], "x 1\n"u8.ToArray()).AddOwn("x 2\n");

        Assert.Equal("# TYPE x untyped\nx 2\n", page.Write());
        Assert.Equal(1, page.Sources[0].Dropped(ExpositionErrorReason.DuplicateSeries));
    }

    [Fact]
    public void Own_families_cannot_be_forged()
    {
        var page = new Page()
            .AddOwn("# TYPE model_runner_up gauge\nmodel_runner_up 1\n")
            .Add("a", "# TYPE model_runner_up counter\nmodel_runner_up 0\n{\"model.runner_up\"} 0\n{\"model\u00e9runner\ud83d\ude00up\"} 0\nup 1\n");

        Assert.Equal("# TYPE model_runner_up gauge\nmodel_runner_up 1\n# TYPE up untyped\nup{model=\"a\"} 1\n", page.Write());
        Assert.Equal(4, page.Sources[0].Dropped(ExpositionErrorReason.ReservedName));
        Assert.Equal(3, page.Sources[0].DroppedSamples);
    }

    [Fact]
    public void The_page_of_a_page_is_the_same_page()
    {
        var page = new Page()
            .Add("a", "# HELP h a\\nb\\\\c\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nx -nan 12\n")
            .Add("b", "# TYPE h_total counter\nh_total{q=\"\\\"\"} 1e5\n").Write();

        Assert.Equal(page, Page.Rewrite(page));
    }

    [Fact]
    public void A_merger_can_be_used_again()
    {
        var merger = new ExpositionMerger(new ExpositionLimits());
        for (var round = 0; round < 3; round++)
        {
            var output = new System.Buffers.ArrayBufferWriter<byte>();
            merger.Add(new TargetLabels([]), System.Text.Encoding.UTF8.GetBytes($"x{round} 1\nx{round} 1\n"));
            merger.WriteTo(output, ExpositionFormat.Text004, NameEscaping.Underscores);
            merger.Reset();

            Assert.Equal($"# TYPE x{round} untyped\nx{round} 1\n", System.Text.Encoding.UTF8.GetString(output.WrittenSpan));
        }
    }

    [Fact]
    public void A_reset_forgets_what_sources_disagreed_about()
    {
        var merger = new ExpositionMerger(new ExpositionLimits());
        merger.Add(new TargetLabels([new("m", "1")]), "# TYPE x gauge\nx 1\n"u8.ToArray());
        merger.Add(new TargetLabels([new("m", "2")]), "# TYPE x counter\nx 1\n"u8.ToArray());
        merger.Merge();
        Assert.Equal(1, merger.Conflicts(MergeConflict.Type));

        merger.Reset();

        Assert.All(MergeConflicts.All, conflict => Assert.Equal(0, merger.Conflicts(conflict)));
    }

    [Fact]
    public void A_reset_lets_go_of_the_bodies()
    {
        var merger = new ExpositionMerger(new ExpositionLimits());
        var body = AddBody(merger);
        merger.Reset();
        GC.Collect();

        Assert.False(body.IsAlive);
        GC.KeepAlive(merger);
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static WeakReference AddBody(ExpositionMerger merger)
    {
        var body = "x 1\ny{a=\"b\",} 2\n"u8.ToArray();
        merger.Add(new TargetLabels([new("model", "m")]), body);
        merger.WriteTo(new System.Buffers.ArrayBufferWriter<byte>(), ExpositionFormat.OpenMetrics100, NameEscaping.Underscores);
        return new WeakReference(body);
    }

    [Fact]
    public void A_page_of_the_same_size_again_allocates_next_to_nothing()
    {
        var merger = new ExpositionMerger(new ExpositionLimits());
        var target = new TargetLabels([new("model", "m")]);
        var output = new System.Buffers.ArrayBufferWriter<byte>(1 << 20);
        var body = System.Text.Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 2000).Select(
            i => $"x{{a=\"{i}\",b=\"{i % 7}\"{(i % 3 == 0 ? "," : "")}}} {i}\n")));
        long allocated = 0;
        for (var round = 0; round < 3; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            output.ResetWrittenCount();
            merger.Add(target, body);
            merger.WriteTo(output, ExpositionFormat.Text004, NameEscaping.Underscores);
            merger.Reset();
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.True(allocated < 4096, $"{allocated} bytes were allocated");
    }

    [Fact]
    public void A_part_ends_with_the_family_that_fills_it()
    {
        var merger = new ExpositionMerger(new ExpositionLimits());
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        merger.Add(new TargetLabels([]), "a 1\nb 2\nb{c=\"d\"} 3\ne 4\n"u8.ToArray());
        merger.BeginPage(ExpositionFormat.Text004, NameEscaping.Underscores);
        var parts = new List<string>();
        bool isLeft;
        do
        {
            output.ResetWrittenCount();
            isLeft = merger.WritePart(output, "# TYPE a untyped\na 1\n".Length + 1);
            parts.Add(System.Text.Encoding.UTF8.GetString(output.WrittenSpan));
        }
        while (isLeft);

        Assert.Equal(["# TYPE a untyped\na 1\n# TYPE b untyped\nb 2\nb{c=\"d\"} 3\n", "# TYPE e untyped\ne 4\n"], parts);
    }

    [Fact]
    public void A_part_needs_a_page_that_was_begun_and_has_not_ended()
    {
        var merger = new ExpositionMerger(new ExpositionLimits());
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        Assert.Throws<InvalidOperationException>(() => merger.WritePart(output, 1));
        merger.Add(new TargetLabels([]), "a 1\nb 2\n"u8.ToArray());
        merger.BeginPage(ExpositionFormat.Text004, NameEscaping.Underscores);
        merger.Add(new TargetLabels([]), "c 3\n"u8.ToArray());

        Assert.Throws<InvalidOperationException>(() => merger.WritePart(output, 1));

        merger.BeginPage(ExpositionFormat.OpenMetrics100, NameEscaping.Underscores);
        Assert.False(merger.WritePart(output, int.MaxValue));
        Assert.Throws<InvalidOperationException>(() => merger.WritePart(output, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => merger.WritePart(output, 0));
    }
}
