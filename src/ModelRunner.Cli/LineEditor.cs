using System.Text;

namespace ModelRunner.Cli;

/// <summary>
/// Edits a prompt at a terminal, with the prompts that were typed before: arrows, Home, End, Delete, and the keys of shells (Ctrl-A, E, B, F, P, N, U, K, W).
/// What is pasted may have several lines, if the terminal marks it. It takes what the terminal sends in pieces of any size, draws once for each
/// piece, and waits for nothing. Used by one thread.
/// </summary>
internal sealed class LineEditor(LineView view)
{
    /// <summary>The most characters of a prompt.</summary>
    public const int MaxText = 1024 * 1024;

    private const int MaxHistory = 500;
    private const char Escape = '\u001b';

    private readonly List<string> _history = [];
    private readonly StringBuilder _sequence = new();
    private readonly StringBuilder _paste = new();
    private string _text = "";
    private string _draft = "";
    private int _cursor;
    private int _place;
    private bool _isSequence;
    private bool _isPaste;

    /// <summary>Begins a prompt and shows its sign, at the beginning of an empty row.</summary>
    public void Begin()
    {
        (_text, _draft, _cursor, _place) = ("", "", 0, _history.Count);
        view.Reset();
        view.Show(_text, _cursor);
    }

    /// <summary>Shows the prompt again, in another size or on an empty row.</summary>
    /// <param name="isLost">What was shown is not there any more.</param>
    public void Redraw(bool isLost)
    {
        if (isLost)
            view.Clear();
        view.Show(_text, _cursor);
    }

    /// <summary>Moves below the prompt although it was not entered.</summary>
    public void Leave()
    {
        view.Show(_text, _text.Length);
        view.Leave();
    }

    /// <summary>Forgets a key or a paste that has begun, because its rest is lost, and says so.</summary>
    public void Abandon(string note)
    {
        _sequence.Clear();
        _paste.Clear();
        (_isSequence, _isPaste) = (false, false);
        view.Note(note);
    }

    /// <summary>Takes characters. True: the prompt has ended.</summary>
    /// <param name="keys">What the terminal sent; afterwards what belongs to the next prompt.</param>
    /// <param name="line">The prompt; null: the user ended the input.</param>
    public bool Take(ref ReadOnlySpan<char> keys, out string? line)
    {
        line = null;
        while (!keys.IsEmpty)
        {
            char key = keys[0];
            int length = 1;
            if (_isSequence)
            {
                TakeSequence(key);
            }
            else if (key == Escape)
            {
                _isSequence = true;
            }
            else if (_isPaste)
            {
                length = keys.IndexOf(Escape) is >= 0 and var end ? end : keys.Length;
                KeepPaste(keys[..length]);
            }
            else if (key is '\r' or '\n' || (key == '\u0004' && _text.Length == 0))
            {
                keys = keys[1..];
                return End(key, ref line);
            }
            else
            {
                length = TakeOrdinary(keys);
            }

            keys = keys[length..];
        }

        view.Show(_text, _cursor);
        return false;
    }

    private bool End(char key, ref string? line)
    {
        if (key == '\u0004')
            return true;
        line = _text;
        Leave();
        Remember();
        return true;
    }

    private int TakeOrdinary(ReadOnlySpan<char> keys)
    {
        int length = 0;
        while (length < keys.Length && !char.IsControl(keys[length]))
            length++;
        if (length == 0)
            Edit(keys[0]);
        else
            Insert(keys[..Math.Min(length, MaxText - _text.Length)].ToString());
        return Math.Max(1, length);
    }

    private void Edit(char key)
    {
        switch (key)
        {
            case '\u007f' or '\b':
                Delete(TextElements.Before(_text, _cursor), _cursor);
                break;
            case '\u0004':
                Delete(_cursor, TextElements.After(_text, _cursor));
                break;
            case '\u0001':
                _cursor = 0;
                break;
            case '\u0005':
                _cursor = _text.Length;
                break;
            case '\u0002':
                _cursor = TextElements.Before(_text, _cursor);
                break;
            case '\u0006':
                _cursor = TextElements.After(_text, _cursor);
                break;
            case '\u0010':
                Recall(_place - 1);
                break;
            case '\u000e':
                Recall(_place + 1);
                break;
            case '\u0015':
                Delete(0, _cursor);
                break;
            case '\u000b':
                Delete(_cursor, _text.Length);
                break;
            case '\u0017':
                Delete(WordBefore(), _cursor);
                break;
            case '\t' when _text.Length < MaxText:
                Insert(" ");
                break;
        }
    }

    // ESC [ parameters letter, or ESC O letter.
    private void TakeSequence(char key)
    {
        if (key == Escape)
        {
            _sequence.Clear();
            return;
        }

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
        if (_isPaste && sequence == "[201~")
            EndPaste();
        else if (!_isPaste)
            Obey(sequence);
    }

    private void Obey(string sequence)
    {
        switch (sequence)
        {
            case "[200~":
                _isPaste = true;
                break;
            case "[A" or "OA":
                Edit('\u0010');
                break;
            case "[B" or "OB":
                Edit('\u000e');
                break;
            case "[C" or "OC":
                Edit('\u0006');
                break;
            case "[D" or "OD":
                Edit('\u0002');
                break;
            case "[H" or "OH" or "[1~" or "[7~":
                Edit('\u0001');
                break;
            case "[F" or "OF" or "[4~" or "[8~":
                Edit('\u0005');
                break;
            case "[3~":
                Edit('\u0004');
                break;
        }
    }

    // One character too many is kept, so that the end of the paste knows that it was too long.
    private void KeepPaste(ReadOnlySpan<char> text) => _paste.Append(text[..Math.Min(text.Length, MaxText + 1 - _paste.Length)]);

    private void EndPaste()
    {
        string text = _paste.ToString();
        bool fits = _text.Length + text.Length <= MaxText;
        _paste.Clear();
        _isPaste = false;
        if (fits)
            Insert(Lines(text));
        else
            view.Note($"The paste was left out: a prompt has at most {MaxText} characters. \"model-runner run MODEL - < FILE\" sends a whole file.");
    }

    // Terminals send the end of a pasted line as CR. Other control characters have no place in a prompt.
    private static string Lines(string text) => ChatStream.WithoutControls(text.ReplaceLineEndings("\n"));

    private void Insert(string text)
    {
        _text = _text.Insert(_cursor, text);
        _cursor += text.Length;
    }

    private void Delete(int from, int to)
    {
        _text = _text.Remove(from, to - from);
        _cursor = from;
    }

    private void Recall(int place)
    {
        if (place < 0 || place > _history.Count || place == _place)
            return;
        if (_place == _history.Count)
            _draft = _text;
        _place = place;
        _text = place == _history.Count ? _draft : _history[place];
        _cursor = _text.Length;
    }

    private void Remember()
    {
        if (string.IsNullOrWhiteSpace(_text) || (_history.Count > 0 && _history[^1] == _text))
            return;
        if (_history.Count == MaxHistory)
            _history.RemoveAt(0);
        _history.Add(_text);
    }

    private int WordBefore()
    {
        int index = _cursor;
        while (index > 0 && char.IsWhiteSpace(_text[index - 1]))
            index--;
        while (index > 0 && !char.IsWhiteSpace(_text[index - 1]))
            index--;
        return index;
    }
}
