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

    private readonly StringBuilder _written = new();
    private readonly LineEditor _editor;

    public LineEditorTests() => _editor = new LineEditor(new LineView(text => _written.Append(text), static () => (80, 24), "> ", promptWidth: 2));

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
        ReadOnlySpan<char> keys = "\u0004rest";
        Assert.True(_editor.Take(ref keys, out string? line));
        Assert.Null(line);
        Assert.Equal("rest", keys);
        Assert.Equal("ab", Type("ab\u0004"));
    }

    [Fact]
    public void Plain_typing_needs_no_control_sequences()
    {
        Type("hello");
        Assert.Equal("> hello\n", _written.ToString());
    }

    [Theory]
    [InlineData("\u001b[200~one\rtwo\r\n\tthree\u001b[201~", "one\ntwo\n\tthree")]
    [InlineData("a\u001b[200~b\u0004\u0001\u001b[31mc\u001b[201~d", "abcd")] // no key of a paste has its effect
    [InlineData("\u001b[200~a\u001b\u001b[201~b", "ab")] // ESC at the end of the paste
    [InlineData("ac\u001b[D\u001b[200~\n\u001b[201~b", "a\nbc")]
    public void What_is_pasted_may_have_several_lines(string keys, string expected)
    {
        Assert.Equal(expected, Type(keys));
        Assert.Equal(expected, Type(Up));
    }

    [Fact]
    public void Keys_behind_the_end_of_a_line_belong_to_the_next_one()
    {
        _editor.Begin();
        ReadOnlySpan<char> keys = "one\ntwo\n";

        Assert.True(_editor.Take(ref keys, out string? first));
        _editor.Begin();
        Assert.True(_editor.Take(ref keys, out string? second));

        Assert.Equal(("one", "two"), (first, second));
        Assert.True(keys.IsEmpty);
    }

    [Theory]
    [InlineData(true, 'ж')]
    [InlineData(false, 'ж')]
    [InlineData(true, '語')]
    [InlineData(false, '語')]
    public void A_large_paste_is_not_drawn_again_for_each_character(bool isMarked, char character)
    {
        string text = new(character, 100_000);
        _editor.Begin();
        foreach (char[] piece in (isMarked ? $"\u001b[200~{text}\u001b[201~" : text).Chunk(2048))
            Press(new string(piece));
        Press(Left + "\u007f");
        Press("x");

        // At most the screen of 24 rows for each of the pieces.
        Assert.InRange(_written.Length, 24 * 40, 54 * 24 * 90);
        Assert.Equal(text[..^2] + "x" + character, End());
    }

    [Fact]
    public void A_paste_that_is_too_long_is_left_out_and_the_limit_is_named()
    {
        _editor.Begin();
        Press("before");
        Press("\u001b[200~" + new string('a', LineEditor.MaxText) + "\u001b[201~");
        Press("!");

        Assert.Equal("before!", End());
        Assert.Contains("The paste was left out: a prompt has at most 1048576 characters.", _written.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_is_drawn_again_where_it_is_lost()
    {
        _editor.Begin();
        Press("abc");
        _written.Clear();

        _editor.Redraw(isLost: false);
        Assert.Equal("", _written.ToString());
        _editor.Redraw(isLost: true);
        Assert.Equal("\r\u001b[J> abc", _written.ToString());
    }

    private string? Type(string keys)
    {
        _editor.Begin();
        Press(keys);
        return End();
    }

    private string? End()
    {
        ReadOnlySpan<char> end = "\r";
        Assert.True(_editor.Take(ref end, out string? line));
        return line;
    }

    private void Press(string text)
    {
        ReadOnlySpan<char> keys = text;
        Assert.False(_editor.Take(ref keys, out _));
    }
}
