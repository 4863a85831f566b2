namespace ModelRunner.Exposition.Tests;

public sealed class TargetLabelsTests
{
    [Theory]
    [InlineData("le")]
    [InlineData("quantile")]
    [InlineData("__name__")]
    [InlineData("a-b")]
    [InlineData("a:b")]
    [InlineData("1a")]
    [InlineData("")]
    public void Names_that_cannot_be_target_labels_are_refused(string name) =>
        Assert.Throws<ArgumentException>(() => new TargetLabels([new(name, "x")]));

    [Fact]
    public void A_name_stands_once() => Assert.Throws<ArgumentException>(() => new TargetLabels([new("a", "x"), new("a", "y")]));

    [Theory]
    [InlineData("lab/ot\"ter", "lab/ot\\\"ter")]
    [InlineData("D:\\zoo\\new", "D:\\\\zoo\\\\new")]
    [InlineData("a\nfake_total 99", "a\\nfake_total 99")]
    [InlineData("ö😀", "ö😀")]
    public void Values_may_hold_any_text_and_cannot_forge_a_line(string value, string escaped) =>
        Assert.Equal($"# TYPE x untyped\nx{{model=\"{escaped}\"}} 1\n", new Page().Add(value, "x 1\n").Write());

    [Fact]
    public void Half_of_a_surrogate_pair_becomes_the_replacement_character() =>
        Assert.Equal("# TYPE x untyped\nx{model=\"\ufffd\"} 1\n", new Page().Add(new string((char)0xD800, 1), "x 1\n").Write());

    [Fact]
    public void An_empty_value_takes_the_label_from_the_source() =>
        Assert.Equal("# TYPE x untyped\nx{exported_model=\"own\"} 1\n", new Page().Add("", "x{model=\"own\"} 1\n").Write());
}
