using System.Globalization;
using System.Text;

namespace ModelRunner.Cli;

/// <summary>
/// Draws the line of an editor on a terminal, with a cursor in it. It writes only the rows that changed. Of a text with more rows than the terminal, it shows
/// those around the cursor. Used by one thread.
/// </summary>
/// <param name="write">Writes to the terminal.</param>
/// <param name="size">The columns and rows of the terminal; they may change.</param>
/// <param name="prompt">What stands before the text.</param>
/// <param name="promptWidth">Columns of the prompt.</param>
internal sealed class LineView(Action<string> write, Func<(int Columns, int Rows)> size, string prompt, int promptWidth)
{
    private readonly List<(string Text, int Width)> _shown = [];
    private int _columns;
    private int _top;
    private int _row;
    private int _column;

    /// <summary>The cursor stands at the beginning of an empty row, and nothing is shown.</summary>
    public void Reset()
    {
        _shown.Clear();
        (_top, _row, _column) = (0, 0, 0);
    }

    /// <summary>Begins again in the row of the cursor, whatever is there.</summary>
    public void Clear()
    {
        write("\r\u001b[J");
        Reset();
    }

    /// <summary>Shows a text and puts the cursor before one of its characters.</summary>
    public void Show(string text, int cursor)
    {
        (int columns, int height) = size();
        columns = Math.Max(columns, promptWidth + CharacterWidth.Tab);
        var output = new StringBuilder();
        if (columns != _columns || height < _shown.Count)
            Erase(output, columns, height);
        _columns = columns;

        var rows = new TextRows(text, prompt, promptWidth, columns);
        (int row, int column) = rows.Find(cursor);
        _top = Math.Min(Math.Clamp(_top, Math.Max(0, row - height + 1), row), Math.Max(0, rows.Count - height));
        List<(string Text, int Width)> window = [.. Enumerable.Range(_top, Math.Min(height, rows.Count - _top)).Select(index => rows[index])];
        WriteChanges(output, window);
        Go(output, row - _top, column);
        if (output.Length > 0)
            write(output.ToString());
    }

    /// <summary>Leaves the text, whose end is shown, for the row below it.</summary>
    public void Leave()
    {
        write("\n");
        Reset();
    }

    /// <summary>Puts a sentence in the place of the text, which is to be shown below it.</summary>
    public void Note(string sentence)
    {
        var output = new StringBuilder();
        Go(output, 0, 0);
        write(output.Append("\u001b[J").Append(TextRows.BreakAtWords(sentence, size().Columns)).Append('\n').ToString());
        Reset();
    }

    private void WriteChanges(StringBuilder output, List<(string Text, int Width)> window)
    {
        int same = 0;
        while (same < Math.Min(window.Count, _shown.Count) && window[same] == _shown[same])
            same++;
        if (same == window.Count && same == _shown.Count)
            return;
        if (same == _shown.Count && same > 0)
            same--;

        if (same < window.Count && IsAppended(window[same].Text, same))
        {
            output.Append(window[same].Text.AsSpan(_shown[same].Text.Length));
        }
        else
        {
            Go(output, same, 0);
            if (_shown.Count > 0)
                output.Append("\u001b[J");
            if (same < window.Count)
                output.Append(window[same].Text);
        }

        for (int row = same + 1; row < window.Count; row++)
            output.Append("\r\n").Append(window[row].Text);
        if (same < window.Count)
            (_row, _column) = (window.Count - 1, window[^1].Width);
        _shown.Clear();
        _shown.AddRange(window);
    }

    // The usual case: a character is typed at the end.
    private bool IsAppended(string text, int row) =>
        _shown.Count > 0 && row == _shown.Count - 1 && (_row, _column) == (row, _shown[row].Width)
        && text.StartsWith(_shown[row].Text, StringComparison.Ordinal);

    // After a change of the width, most terminals wrap rows that are too long now, so the first row moves up.
    private void Erase(StringBuilder output, int columns, int height)
    {
        if (_shown.Count == 0)
            return;
        int above = _shown.Take(_row).Sum(row => Math.Max(1, (row.Width + columns - 1) / columns)) + (_column / columns);
        (_row, _column) = (Math.Min(above, height - 1), -1);
        Go(output, 0, 0);
        output.Append("\u001b[J");
        _shown.Clear();
    }

    private void Go(StringBuilder output, int row, int column)
    {
        if (row != _row)
            output.Append(CultureInfo.InvariantCulture, $"\u001b[{Math.Abs(row - _row)}{(row < _row ? 'A' : 'B')}");
        if (column != _column)
            output.Append('\r');
        if (column != _column && column > 0)
            output.Append(CultureInfo.InvariantCulture, $"\u001b[{column}C");
        (_row, _column) = (row, column);
    }
}
