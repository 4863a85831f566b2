using ModelRunner.Cli;

namespace ModelRunner.Daemon.Tests.Cli;

/// <summary>What a terminal shows of a text that is edited.</summary>
public sealed class LineViewTests
{
    private const int Height = 6;

    [Theory]
    [InlineData("日本語日本語x", 2, 10, "> 日本語日", "本語x")] // the fifth one does not fit into the last column
    [InlineData("a日本語日本", 11, 9, "> a日本語", "日本")]
    [InlineData("abcdefgh", 8, 10, "> abcdefgh", "")]
    [InlineData("ab\ncdé\u0301", 6, 10, "> ab", "cdé\u0301")]
    [InlineData("abcdefg😀", 9, 10, "> abcdefg", "😀")]
    [InlineData("a\tb", 3, 10, "> a    b")]
    public void A_text_is_broken_before_what_does_not_fit(string text, int cursor, int columns, params string[] expected)
    {
        var screen = new FakeScreen(columns, Height);

        new LineView(screen.Write, () => (columns, Height), "> ", 2).Show(text, Math.Min(cursor, text.Length));

        Assert.Equal(expected, screen.Rows.Select(static row => row.Replace("\u200b", "", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("one two three", 7, "one two|three")]
    [InlineData("one two three", 6, "one|two|three")]
    [InlineData("a 日本語 b", 8, "a 日本語|b")]
    [InlineData("a 日本語 b", 7, "a|日本語|b")]
    [InlineData("longer than that", 4, "longer|than|that")]
    [InlineData("", 4, "")]
    public void A_sentence_is_broken_at_words(string sentence, int columns, string expected) =>
        Assert.Equal(expected.Replace('|', '\n'), TextRows.BreakAtWords(sentence, columns));

    [Fact]
    public void What_changed_step_by_step_looks_as_if_it_were_drawn_at_once()
    {
        string[] pieces = ["a", "b ", "日", "語本", "😀", "e\u0301", "\n", "\t", "x", "1234567890"];
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            int columns = random.Next(8, 16);
            var screen = new FakeScreen(columns, Height);
            var view = new LineView(screen.Write, () => (columns, Height), "> ", 2);
            screen.Write("above\n");
            string text = "";
            for (int step = 0; step < 30; step++)
            {
                int from = TextElements.Before(text, random.Next(text.Length + 1));
                string piece = pieces[random.Next(pieces.Length)];
                text = random.Next(3) == 0 ? text.Remove(from, TextElements.After(text, from) - from) : text.Insert(from, piece);
                int cursor = TextElements.Before(text, random.Next(text.Length + 1));
                if (new TextRows(text, "> ", 2, columns).Count > Height - 1)
                    break;
                view.Show(text, cursor);

                var fresh = new FakeScreen(columns, Height);
                fresh.Write("above\n");
                new LineView(fresh.Write, () => (columns, Height), "> ", 2).Show(text, cursor);
                Assert.Equal((Picture(fresh), fresh.Cursor), (Picture(screen), screen.Cursor));
            }
        }
    }

    [Fact]
    public void Of_a_text_with_more_rows_than_the_terminal_the_rows_around_the_cursor_are_shown()
    {
        var screen = new FakeScreen(10, 3);
        var view = new LineView(screen.Write, static () => (10, 3), "> ", 2);
        string text = string.Join('\n', Enumerable.Range(1, 9));

        view.Show(text, text.Length);
        Assert.Equal(["7", "8", "9"], screen.Rows[^3..]);
        view.Show(text, 0);
        Assert.Equal(["> 1", "2", "3"], screen.Rows[^3..]);
        Assert.Equal((screen.Rows.Length - 3, 2), screen.Cursor);
        view.Show(text, 7);
        Assert.Equal(["2", "3", "4"], screen.Rows[^3..]);
        view.Show("short", 5);
        Assert.Equal(["> short", "", ""], screen.Rows[^3..]);
    }

    [Theory]
    [InlineData(20, 8)]
    [InlineData(20, 11)]
    [InlineData(8, 20)]
    public void A_new_width_leaves_one_copy_of_the_text_and_what_is_above(int before, int after)
    {
        const string Text = "onetwothreefourfivesixseven";
        int columns = before;
        var screen = new FakeScreen(columns, 20);
        var view = new LineView(screen.Write, () => (columns, 20), "> ", 2);
        screen.Write("above\n");
        view.Show(Text, 9);

        columns = after;
        screen.Resize(after);
        view.Show(Text, 9);

        Assert.Equal("above> " + Text, string.Concat(screen.Rows));
    }

    [Fact]
    public void A_note_stands_in_the_place_of_the_text()
    {
        var screen = new FakeScreen(20, Height);
        var view = new LineView(screen.Write, static () => (20, Height), "> ", 2);
        view.Show("one two three four five", 3);

        view.Note("a note");
        view.Show("x", 1);

        Assert.Equal(["a note", "> x"], screen.Rows);
    }

    private static string Picture(FakeScreen screen) => string.Join('\n', screen.Rows).TrimEnd('\n');
}
