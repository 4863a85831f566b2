using System.Globalization;
using System.Text;
using ModelRunner.Cli;

namespace ModelRunner.Daemon.Tests.Cli;

/// <summary>
/// A terminal as VT100 defines it: it breaks full lines late, scrolls, and obeys the control sequences of the line editor. Its widths are those of
/// <see cref="CharacterWidth"/>, which <see cref="CharacterWidthTests"/> compares with Unicode.
/// </summary>
internal sealed class FakeScreen(int columns, int height)
{
    private readonly List<string[]> _rows = [NewRow(columns)];
    private int _columns = columns;
    private bool _isBehindTheMargin;

    public (int Row, int Column) Cursor { get; private set; }

    /// <summary>All rows, also those that were scrolled away.</summary>
    public string[] Rows => [.. _rows.Select(static row => string.Concat(row).TrimEnd())];

    public void Write(string text)
    {
        for (int i = 0; i < text.Length;)
        {
            if (text[i] == '\u001b')
            {
                int end = i + 2;
                while (!char.IsAsciiLetter(text[end]))
                    end++;
                Obey(text[end], end == i + 2 ? 1 : int.Parse(text.AsSpan(i + 2, end - i - 2), CultureInfo.InvariantCulture));
                i = end + 1;
                continue;
            }

            Rune rune = Rune.GetRuneAt(text, i);
            i += rune.Utf16SequenceLength;
            Write(rune);
        }
    }

    /// <summary>Changes the width. Rows that are too long are broken again, as most terminals do.</summary>
    public void Resize(int width)
    {
        string[][] old = [.. _rows];
        (int row, int column) = Cursor;
        _rows.Clear();
        for (int i = 0; i < old.Length; i++)
        {
            int used = Array.FindLastIndex(old[i], static cell => cell.Length > 0) + 1;
            if (i == row)
                Cursor = (_rows.Count + (column / width), column % width);
            for (int from = 0; from == 0 || from < used || (i == row && from <= column); from += width)
                _rows.Add([.. old[i].Skip(from).Take(width), .. Enumerable.Repeat("", Math.Max(0, width - Math.Max(0, old[i].Length - from)))]);
        }

        (_columns, _isBehindTheMargin) = (width, false);
    }

    private static string[] NewRow(int columns) => Enumerable.Repeat("", columns).ToArray();

    private void Write(Rune rune)
    {
        int width = CharacterWidth.Of(rune);
        (int row, int column) = Cursor;
        switch (rune.Value)
        {
            case '\r':
                (Cursor, _isBehindTheMargin) = ((row, 0), false);
                return;
            case '\n':
                NextRow();
                return;
            case var _ when width == 0:
                _rows[row][_isBehindTheMargin ? column : Math.Max(0, column - 1)] += rune;
                return;
            case var _ when _isBehindTheMargin || column + width > _columns:
                NextRow();
                (row, column) = Cursor;
                break;
        }

        _rows[row][column] = rune.ToString();
        if (width == 2)
            _rows[row][column + 1] = "\u200b";
        _isBehindTheMargin = column + width == _columns;
        Cursor = (row, Math.Min(column + width, _columns - 1));
    }

    private void Obey(char command, int count)
    {
        (int row, int column) = Cursor;
        int first = Math.Max(0, _rows.Count - height);
        _isBehindTheMargin = false;
        switch (command)
        {
            case 'A':
                Cursor = (Math.Max(first, row - count), column);
                break;
            case 'B':
                Cursor = (Math.Min(_rows.Count - 1, row + count), column);
                break;
            case 'C':
                Cursor = (row, Math.Min(_columns - 1, column + count));
                break;
            case 'J':
                Array.Fill(_rows[row], "", column, _columns - column);
                for (int below = row + 1; below < _rows.Count; below++)
                    Array.Fill(_rows[below], "");
                break;
            default:
                Assert.Fail($"The terminal does not know the command {command}.");
                break;
        }
    }

    private void NextRow()
    {
        Cursor = (Cursor.Row + 1, 0);
        _isBehindTheMargin = false;
        if (Cursor.Row == _rows.Count)
            _rows.Add(NewRow(_columns));
    }
}
