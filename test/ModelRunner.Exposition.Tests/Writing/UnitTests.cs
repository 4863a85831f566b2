using System.Text;

namespace ModelRunner.Exposition.Tests.Writing;

public sealed class UnitTests
{
    [Theory]
    [InlineData("# TYPE x_s gauge\n# UNIT x_s s\n# HELP x_s X.\nx_s 1\n")]
    [InlineData("# TYPE x_s unknown\n# UNIT x_s s\nx_s 1\n")]
    [InlineData("# TYPE x_s counter\n# UNIT x_s s\nx_s_total 1\n")]
    [InlineData("# TYPE x_s histogram\n# UNIT x_s s\nx_s_bucket{le=\"+Inf\"} 1\nx_s_sum 1\nx_s_count 1\n")]
    [InlineData("# TYPE x_s summary\n# UNIT x_s s\nx_s{quantile=\"0.5\"} 1\n")]
    [InlineData("# TYPE \"é_s\" gauge\n# UNIT \"é_s\" s\n{\"é_s\"} 1\n")]
    public void A_unit_is_written_behind_TYPE(string page) => Assert.Equal(page + "# EOF\n", Write(new Page().Add([], Bytes(page + "# EOF\n"))));

    [Theory]
    [InlineData("# UNIT x_s s\n# HELP x_s X.\n# TYPE x_s counter\nx_s_total 1\n")]
    [InlineData("# HELP x_s X.\n# TYPE x_s counter\n# UNIT x_s s\n# UNIT x_s x_s\nx_s_total 1\n")]
    [InlineData("# HELP x_s X.\n# UNIT x_s s\n# TYPE x_s counter\nx_s_total 1\n")]
    [InlineData("# TYPE a counter\n# HELP a A.\n# HELP x_s X.\n# UNIT x_s s\n# TYPE x_s counter\nx_s_total 1\n")]
    public void HELP_TYPE_and_UNIT_may_stand_in_any_order(string body) => Assert.Equal(
        "# TYPE x_s counter\n# UNIT x_s s\n# HELP x_s X.\nx_s_total 1\n# EOF\n", Write(new Page().Add([], Bytes(body + "# EOF\n"))));

    [Theory]
    [InlineData("# UNIT x_s m")]
    [InlineData("# UNIT x_s x_s")]
    [InlineData("# UNIT x_s total")]
    [InlineData("# UNIT \"x_s/m\" s/m")]
    public void A_unit_that_is_not_the_end_of_the_name_is_counted_and_left_out(string line)
    {
        var page = new Page().Add([], Bytes(line + "\nx_s 1\n# EOF\n"));

        Assert.Equal("# TYPE x_s unknown\nx_s 1\n# EOF\n", Write(page));
        Assert.Equal(1, page.Sources[0].Dropped(ExpositionErrorReason.InvalidMetadata));
        Assert.Equal(1, page.Sources[0].DroppedMetadata);
    }

    [Theory]
    [InlineData("# UNIT x_s s", "# UNIT x_s s\n")]
    [InlineData("# UNIT x_s m", "")]
    [InlineData("# UNIT x_s", "")]
    [InlineData("# UNIT 5 5", "")]
    public void In_text_it_is_a_comment_that_may_be_understood(string line, string expected)
    {
        var page = new Page().Add([], Bytes("# TYPE x_s gauge\n" + line + "\nx_s 1\n"));

        Assert.Equal("# TYPE x_s gauge\n" + expected + "x_s 1\n# EOF\n", Write(page));
        Assert.Equal("# TYPE x_s gauge\nx_s 1\n", page.Write());
        Assert.Equal(0, page.Sources[0].DroppedMetadata);
    }

    [Theory]
    [InlineData("# TYPE x_s info\n# UNIT x_s s\nx_s_info 1\n", "# TYPE x_s info\nx_s_info 1\n")]
    [InlineData("# TYPE x_s stateset\n# UNIT x_s s\nx_s{x_s=\"a\"} 1\n", "# TYPE x_s stateset\nx_s{x_s=\"a\"} 1\n")]
    [InlineData("# TYPE x_s counter\n# UNIT x_s s\nx_s_total NaN\n", "# TYPE x_s_total unknown\nx_s_total NaN\n")]
    [InlineData("# TYPE x_s histogram\n# UNIT x_s s\nx_s 1\nx_s_count 1\n", "# TYPE x_s unknown\nx_s 1\n# TYPE x_s_count unknown\nx_s_count 1\n")]
    [InlineData("# TYPE x_s summary\n# UNIT x_s s\nx_s{quantile=\"2\"} 1\n", "# TYPE x_s unknown\nx_s{quantile=\"2\"} 1\n")]
    public void A_family_that_cannot_have_it_has_none(string body, string expected) =>
        Assert.Equal(expected + "# EOF\n", Write(new Page().Add([], Bytes(body + "# EOF\n"))));

    [Theory]
    [InlineData("# UNIT x_m_s m_s\n", 1, "")]
    [InlineData("# UNIT x_m_s s\n", 0, "# UNIT x_m_s s\n")]
    [InlineData("", 0, "# UNIT x_m_s s\n")]
    public void Sources_that_disagree_leave_no_unit_and_are_counted(string other, int conflicts, string expected)
    {
        var page = new Page().Add("a", "# UNIT x_m_s s\nx_m_s 1\n# EOF\n").Add("b", other + "x_m_s 2\n# EOF\n");

        Assert.Equal($"# TYPE x_m_s unknown\n{expected}x_m_s{{model=\"a\"}} 1\nx_m_s{{model=\"b\"}} 2\n# EOF\n", Write(page));
        Assert.Equal(conflicts, page.Conflicts(MergeConflict.Unit));
    }

    [Theory]
    [InlineData(NameEscaping.Underscores, "# TYPE a_b_s gauge\n# UNIT a_b_s s\na_b_s 1\n# TYPE c_s counter\n# UNIT c_s s\nc_s_total 1\n")]
    [InlineData(NameEscaping.Dots, "# TYPE a_dot_b__s gauge\n# UNIT a_dot_b__s s\na_dot_b__s 1\n# TYPE c__s_ counter\nc__s__total 1\n")]
    [InlineData(NameEscaping.Values, "# TYPE U__a_2e_b__s gauge\n# UNIT U__a_2e_b__s s\nU__a_2e_b__s 1\n# TYPE c_s counter\n# UNIT c_s s\nc_s_total 1\n")]
    public void An_escaped_name_keeps_its_unit_where_it_still_ends_in_it(NameEscaping escaping, string expected) => Assert.Equal(
        expected + "# EOF\n",
        new Page().Add([], Bytes("# TYPE \"a.b_s\" gauge\n# UNIT \"a.b_s\" s\n{\"a.b_s\"} 1\n# TYPE c_s counter\n# UNIT c_s s\nc_s_total 1\n# EOF\n"))
            .Write(ExpositionFormat.OpenMetrics100, escaping));

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string Write(Page page) => page.Write(ExpositionFormat.OpenMetrics100, NameEscaping.AllowUtf8);
}
