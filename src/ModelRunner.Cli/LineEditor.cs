using System.Globalization;
using System.Text;

namespace ModelRunner.Cli;

/// <summary>
/// Edits one line at a terminal, with the lines that were typed before: arrows, Home, End, Delete, and the keys of shells (Ctrl-A, E, B, F, P, N, U, K, W).
/// It takes characters and writes what the terminal needs, and waits for nothing. Used by one thread.
/// </summary>
/// <param name="write">Writes to the terminal.</param>
/// <param name="columns">The width of the terminal; it may change.</param>
/// <param name="promptWidth">Columns of the prompt, which stands on the terminal already.</param>
internal sealed class LineEditor(Action<string> write, Func<int> columns, int promptWidth)
{
    private const int MaxHistory = 500;
    private const int MaxLine = 64 * 1024;

    private readonly List<string> _history = [];
    private readonly StringBuilder _sequence = new();
    private string _text = "";
    private string _draft = "";
    private int _cursor;
    private int _place;
    private bool _isSequence;

    /// <summary>Begins a line.</summary>
    public void Begin()
    {
        (_text, _draft, _cursor, _place, _isSequence) = ("", "", 0, _history.Count, false);
        _sequence.Clear();
    }

    /// <summary>Takes a character. True: the line has ended.</summary>
    /// <param name="key">What the terminal sent.</param>
    /// <param name="line">The line; null: the user ended the input.</param>
    public bool Take(char key, out string? line)
    {
        line = null;
        if (_isSequence)
        {
            TakeSequence(key);
            return false;
        }

        switch (key)
        {
            case '\r' or '\n':
                line = _text;
                Move(_text.Length);
                write("\n");
                Remember();
                return true;
            case '\u0004' when _text.Length == 0:
                return true;
            case '\u001b':
                _isSequence = true;
                break;
            default:
                Edit(key);
                break;
        }

        return false;
    }

    private void Edit(char key)
    {
        switch (key)
        {
            case '\u007f' or '\b':
                Replace(Before(_cursor), _cursor);
                break;
            case '\u0004':
                Replace(_cursor, After(_cursor));
                break;
            case '\u0001':
                Move(0);
                break;
            case '\u0005':
                Move(_text.Length);
                break;
            case '\u0002':
                Move(Before(_cursor));
                break;
            case '\u0006':
                Move(After(_cursor));
                break;
            case '\u0010':
                Recall(_place - 1);
                break;
            case '\u000e':
                Recall(_place + 1);
                break;
            case '\u0015':
                Replace(0, _cursor);
                break;
            case '\u000b':
                Replace(_cursor, _text.Length);
                break;
            case '\u0017':
                Replace(WordBefore(), _cursor);
                break;
            default:
                if (_text.Length < MaxLine && (key == '\t' || !char.IsControl(key)))
                    Insert(key == '\t' ? ' ' : key);
                break;
        }
    }

    // ESC [ parameters letter, or ESC O letter.
    private void TakeSequence(char key)
    {
        if (_sequence.Length == 0 && key is not ('[' or 'O'))
        {
            _isSequence = false;
            return;
        }

        _sequence.Append(key);
        if (_sequence.Length < 2 || (key is < '@' or > '~' && _sequence.Length < 16))
            return;
        string sequence = _sequence.ToString();
        _sequence.Clear();
        _isSequence = false;
        switch (sequence)
        {
            case "[A" or "OA":
                Recall(_place - 1);
                break;
            case "[B" or "OB":
                Recall(_place + 1);
                break;
            case "[C" or "OC":
                Move(After(_cursor));
                break;
            case "[D" or "OD":
                Move(Before(_cursor));
                break;
            case "[H" or "OH" or "[1~" or "[7~":
                Move(0);
                break;
            case "[F" or "OF" or "[4~" or "[8~":
                Move(_text.Length);
                break;
            case "[3~":
                Replace(_cursor, After(_cursor));
                break;
        }
    }

    // The usual case writes one character and no control sequence.
    private void Insert(char key)
    {
        if (_cursor == _text.Length && !char.IsSurrogate(key) && key < '\u0300' && (Width(_text) + promptWidth + 1) % columns() != 0)
        {
            _text += key;
            _cursor++;
            write(key.ToString());
            return;
        }

        Draw(_text.Insert(_cursor, key.ToString()), _cursor + 1);
    }

    private void Replace(int from, int to)
    {
        if (from < to)
            Draw(_text.Remove(from, to - from), from);
    }

    private void Move(int cursor)
    {
        if (cursor != _cursor)
            Draw(_text, cursor);
    }

    private void Recall(int place)
    {
        if (place < 0 || place > _history.Count || place == _place)
            return;
        if (_place == _history.Count)
            _draft = _text;
        _place = place;
        string text = place == _history.Count ? _draft : _history[place];
        Draw(text, text.Length);
    }

    private void Remember()
    {
        if (string.IsNullOrWhiteSpace(_text) || (_history.Count > 0 && _history[^1] == _text))
            return;
        if (_history.Count == MaxHistory)
            _history.RemoveAt(0);
        _history.Add(_text);
    }

    // Goes back to the end of the prompt, writes the whole line, and goes to the cursor. A line may have several rows.
    private void Draw(string text, int cursor)
    {
        int width = Math.Max(1, columns());
        int old = promptWidth + Width(_text[.._cursor]);
        int end = promptWidth + Width(text);
        int target = promptWidth + Width(text[..cursor]);
        var output = new StringBuilder();
        Go(output, old, promptWidth, width);
        output.Append("\u001b[J").Append(text);

        // A terminal leaves the cursor behind the last column until the next character.
        if (end % width == 0)
            output.Append("\r\n");
        Go(output, end, target, width);
        write(output.ToString());
        (_text, _cursor) = (text, cursor);
    }

    private static void Go(StringBuilder output, int from, int to, int width)
    {
        int rows = (from / width) - (to / width);
        if (rows != 0)
            output.Append(CultureInfo.InvariantCulture, $"\u001b[{Math.Abs(rows)}{(rows > 0 ? 'A' : 'B')}");
        output.Append('\r');
        if (to % width > 0)
            output.Append(CultureInfo.InvariantCulture, $"\u001b[{to % width}C");
    }

    private int Before(int index)
    {
        int[] starts = StringInfo.ParseCombiningCharacters(_text);
        return starts.LastOrDefault(start => start < index);
    }

    private int After(int index)
    {
        int next = Array.Find(StringInfo.ParseCombiningCharacters(_text), start => start > index);
        return next == 0 ? _text.Length : next;
    }

    private int WordBefore()
    {
        int index = _cursor;
        while (index > 0 && _text[index - 1] == ' ')
            index--;
        while (index > 0 && _text[index - 1] != ' ')
            index--;
        return index;
    }

    // What is drawn over the character before it takes no column; characters of East Asia and pictures take two.
    private static int Width(string text)
    {
        int width = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            width += Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format ? 0
                : rune.Value is >= 0x1100 and <= 0x115f or >= 0x2e80 and <= 0xa4cf or >= 0xac00 and <= 0xd7a3 or >= 0xf900 and <= 0xfaff
                    or >= 0xfe30 and <= 0xfe6f or >= 0xff00 and <= 0xff60 or >= 0xffe0 and <= 0xffe6 or >= 0x1f300 and <= 0x1faff
                    or >= 0x20000 and <= 0x3fffd ? 2
                : 1;
        }

        return width;
    }
}
