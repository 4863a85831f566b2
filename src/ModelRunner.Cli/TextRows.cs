using System.Text;

namespace ModelRunner.Cli;

/// <summary>
/// A text in rows of a terminal. The rows are broken here and not by the terminal, because terminals differ in what they do with a wide character
/// at the right margin. The last row is never full, so the cursor is never behind the last column.
/// </summary>
internal sealed class TextRows
{
    private readonly string _text;
    private readonly string _prompt;
    private readonly int _promptWidth;
    private readonly int _columns;
    private readonly List<(int Start, int End, int Width)> _rows = [];

    /// <param name="text">Any text.</param>
    /// <param name="prompt">What stands before the text in the first row.</param>
    /// <param name="promptWidth">Columns of the prompt.</param>
    /// <param name="columns">Columns of the terminal.</param>
    public TextRows(string text, string prompt, int promptWidth, int columns)
    {
        (_text, _prompt, _promptWidth, _columns) = (text, prompt, promptWidth, columns);
        (int start, int width, int index) = (0, promptWidth, 0);
        while (index < text.Length)
        {
            int length = Measure(index, out int wide);
            if (text[index] == '\n')
            {
                _rows.Add((start, index, width));
                (start, width) = (index + 1, 0);
            }
            else if (width + wide > columns && wide > 0 && width > 0)
            {
                _rows.Add((start, index, width));
                (start, width) = (index, wide);
            }
            else
            {
                width += wide;
            }

            index += length;
        }

        _rows.Add((start, text.Length, width));
        if (width >= columns)
            _rows.Add((text.Length, text.Length, 0));
    }

    public int Count => _rows.Count;

    /// <summary>Where a character stands.</summary>
    public (int Row, int Column) Find(int index)
    {
        int row = _rows.BinarySearch((index, int.MaxValue, int.MaxValue));
        row = row >= 0 ? row : ~row - 1;
        int column = row == 0 ? _promptWidth : 0;
        for (int i = _rows[row].Start; i < index;)
        {
            i += Measure(i, out int wide);
            column += wide;
        }

        // At the end of a full row the cursor is shown in the last column.
        return (row, Math.Min(column, _columns - 1));
    }

    /// <summary>What a row shows, and its columns.</summary>
    public (string Text, int Width) this[int row]
    {
        get
        {
            (int start, int end, int width) = _rows[row];
            string text = _text[start..end].Replace("\t", new string(' ', CharacterWidth.Tab), StringComparison.Ordinal);
            return (row == 0 ? _prompt + text : text, width);
        }
    }

    /// <summary>A sentence with line feeds in the place of spaces, so that no word is divided that fits into a row.</summary>
    public static string BreakAtWords(string sentence, int columns)
    {
        var text = new StringBuilder();
        int width = 0;
        foreach (string word in sentence.Split(' '))
        {
            int wide = word.EnumerateRunes().Sum(CharacterWidth.Of);
            bool fits = width + 1 + wide <= columns;
            if (text.Length > 0)
                text.Append(fits ? ' ' : '\n');
            width = text.Length > 0 && fits ? width + 1 + wide : wide;
            text.Append(word);
        }

        return text.ToString();
    }

    private int Measure(int index, out int width)
    {
        char first = _text[index];
        width = 1;
        if (first is < '\u0300' and not '\t')
            return 1;
        if (!Rune.TryGetRuneAt(_text, index, out Rune rune))
            return 1;
        width = CharacterWidth.Of(rune);
        return rune.Utf16SequenceLength;
    }
}
