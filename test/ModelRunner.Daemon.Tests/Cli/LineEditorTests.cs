using System.Text;
using ModelRunner.Cli;

namespace ModelRunner.Daemon.Tests.Cli;

/// <summary>Keys become lines, and what the terminal is told to show.</summary>
public sealed class LineEditorTests
{
    private const string Up = "\u001b[A";
    private const string Down = "\u001b[B";
    private const string Left = "\u001b[D";
    private const string Right = "\u001bOC";

    private readonly StringBuilder _screen = new();
    private readonly LineEditor _editor;
    private int _columns = 80;

    public LineEditorTests() => _editor = new LineEditor(text => _screen.Append(text), () => _columns, promptWidth: 2);

    [Theory]
    [InlineData("hello", "hello")]
    [InlineData("helo" + Left + "l", "hello")]
    [InlineData("helllo" + Left + Left + "\u007f", "hello")]
    [InlineData("xhello\u0001\u001b[3~", "hello")]
    [InlineData("ello\u001b[Hh\u001b[F!", "hello!")]
    [InlineData("one two three\u0017\u0017x", "one x")]
    [InlineData("one two\u0001\u000btwo", "two")]
    [InlineData("one\u0015two", "two")]
    [InlineData("ab" + Left + Left + Left + Right + "-", "a-b")]
    [InlineData("a\u001b[1;5Cb\u001bxc\u0007", "abc")]
    [InlineData("e\u0301x" + Left + "\u007f", "x")]
    [InlineData("😀x" + Left + "\u007fy", "yx")]
    [InlineData("a\tb", "a b")]
    public void A_line_is_edited(string keys, string expected) => Assert.Equal(expected, Type(keys));

    [Fact]
    public void Earlier_lines_come_back_and_the_new_one_is_kept()
    {
        Type("one");
        Type("two");
        Type("two");
        Type("  ");

        Assert.Equal("one", Type(Up + Up));
        Assert.Equal("one", Type("thr" + Up + Up + Up + Down + Up));
        Assert.Equal("three", Type("thr" + Up + Up + Down + Down + Down + "ee"));
        Assert.Equal("three!", Type(Up + "!"));
    }

    [Fact]
    public void The_end_of_the_input_counts_on_an_empty_line_only()
    {
        _editor.Begin();
        Assert.True(_editor.Take('\u0004', out string? line));
        Assert.Null(line);
        Assert.Equal("ab", Type("ab\u0004"));
    }

    [Fact]
    public void Plain_typing_needs_no_control_sequences_and_a_long_line_is_drawn_over_its_rows()
    {
        Type("hello");
        Assert.Equal("hello\n", _screen.ToString());

        // The prompt and eight characters fill the first row.
        _columns = 10;
        _screen.Clear();
        _editor.Begin();
        Press("abcdefgh");
        Assert.Equal("abcdefg\r\u001b[2C\u001b[Jabcdefgh\r\n\r", _screen.ToString());
        _screen.Clear();
        Press("ij");
        Press(Left);
        Assert.Equal("ij\u001b[1A\r\u001b[2C\u001b[Jabcdefghij\r\u001b[1C", _screen.ToString());
        _screen.Clear();
        Press("X");
        Assert.Equal("\u001b[1A\r\u001b[2C\u001b[JabcdefghiXj\r\u001b[2C", _screen.ToString());
    }

    private string? Type(string keys)
    {
        _editor.Begin();
        Press(keys);
        Assert.True(_editor.Take('\n', out string? line));
        return line;
    }

    private void Press(string keys)
    {
        foreach (char key in keys)
            Assert.False(_editor.Take(key, out _));
    }
}
