using System.Text;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Tests.Text;

/// <summary>The schemes of prometheus/common: what each makes of a name, first as the name of a metric and then of a label.</summary>
public sealed class NameEscaperTests
{
    [Theory]
    [InlineData("my.metric", "my_metric", "my_dot_metric", "U__my_2e_metric")]
    [InlineData("a_b", "a_b", "a__b", "a_b")]
    [InlineData("a_b.c", "a_b_c", "a__b_dot_c", "U__a__b_2e_c")]
    [InlineData("1a", "_a", "__a", "U___31_a")]
    [InlineData("a1", "a1", "a1", "a1")]
    [InlineData("é", "_", "__", "U___e9_")]
    [InlineData("a😀b", "a_b", "a__b", "U__a_1f600_b")]
    [InlineData("a b-c", "a_b_c", "a__b__c", "U__a_20_b_2d_c")]
    [InlineData("__", "__", "____", "__")]
    [InlineData("a:b", "a:b", "a:b", "a:b")]
    [InlineData("a:b.", "a:b_", "a:b_dot_", "U__a:b_2e_")]
    public void A_metric_name_is_escaped_by_the_scheme(string name, string underscores, string dots, string values) =>
        Assert.Equal([underscores, dots, values], Escape(name, isLabel: false));

    /// <summary>A label name cannot hold a colon without quotes.</summary>
    [Theory]
    [InlineData("my.label", "my_label", "my_dot_label", "U__my_2e_label")]
    [InlineData("a:b", "a_b", "a__b", "U__a_3a_b")]
    [InlineData("a_b", "a_b", "a__b", "a_b")]
    [InlineData("9", "_", "__", "U___39_")]
    public void A_label_name_is_escaped_by_the_scheme(string name, string underscores, string dots, string values) =>
        Assert.Equal([underscores, dots, values], Escape(name, isLabel: true));

    private static string[] Escape(string name, bool isLabel) =>
    [
        .. new[] { NameEscaping.Underscores, NameEscaping.Dots, NameEscaping.Values }.Select(scheme =>
        {
            var output = new ByteBuilder();
            NameEscaper.Append(output, Encoding.UTF8.GetBytes(name), scheme, isLabel);
            return Encoding.UTF8.GetString(output.Written);
        }),
    ];
}
