using System.Text.Unicode;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Reading;

/// <summary>Moves from line to line and removes the line end, blanks at both ends and a byte order mark.</summary>
internal ref struct LineCursor
{
    private readonly ReadOnlySpan<byte> _body;
    private readonly MaskWindow _window;
    private int _next;

    public LineCursor(ReadOnlySpan<byte> body, MaskWindow window)
    {
        _body = body;
        _window = window;
        _next = HasByteOrderMark(body) ? 3 : 0;
        window.Begin(body, _next);
    }

    /// <summary>The number of the current line, from 1.</summary>
    public int Number { get; private set; }

    /// <summary>The start of the current line, after blanks.</summary>
    public int Start { get; private set; }

    /// <summary>The end of the current line, before blanks.</summary>
    public int End { get; private set; }

    /// <summary>The current line without blanks at either end.</summary>
    public readonly ReadOnlySpan<byte> Line => _body[Start..End];

    /// <summary>Whether the current line is valid UTF-8. The line is checked only if the masks show a non-ASCII byte.</summary>
    public readonly bool IsValidUtf8 => !_window.MayHaveNonAscii || Utf8.IsValid(Line);

    public static bool HasByteOrderMark(ReadOnlySpan<byte> body) => body.StartsWith("\uFEFF"u8);

    /// <summary>Moves to the next line that is not blank.</summary>
    public bool MoveNext()
    {
        while (_next < _body.Length)
        {
            var start = _next;
            var end = _window.FindLineEnd(_body, start);
            _next = end + 1;
            Number++;
            // Blanks and carriage returns are below the first visible character; other bytes below it are checked separately.
            while (end > start && _body[end - 1] <= ' ' && (Characters.IsBlank(_body[end - 1]) || _body[end - 1] == '\r'))
                end--;
            while (start < end && Characters.IsBlank(_body[start]))
                start++;
            if (start == end)
                continue;
            Start = start;
            End = end;
            return true;
        }

        return false;
    }
}
