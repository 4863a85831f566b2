using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Tests.Linux.Terminals;

public sealed class PlainTextTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("qwen3:8b", "qwen3:8b")]
    [InlineData("ünï 日本 \U0001F600 \U0001D4B3", "ünï 日本 \U0001F600 \U0001D4B3")]
    [InlineData("a\nb\r\t", "a\\nb\\r\\t")]
    [InlineData("\u001b[2J\U0001F600\u0007", "\\x1b[2J\U0001F600\\x07")]
    [InlineData("\u2028\u202e", "\\u2028\\u202e")]
    public void Only_characters_that_control_a_terminal_are_escaped(string text, string expected)
    {
        Assert.Equal(expected, PlainText.Escape(text));
        Assert.Equal(expected == text, PlainText.IsPlain(text));
    }

    [Fact]
    public void A_surrogate_without_its_pair_is_escaped()
    {
        Assert.Equal("a\\ud83d", PlainText.Escape("a\ud83d"));
        Assert.Equal("\\ude00\\ud83d", PlainText.Escape("\ude00\ud83d"));
        Assert.False(PlainText.IsPlain("a\ud83d"));
    }
}
