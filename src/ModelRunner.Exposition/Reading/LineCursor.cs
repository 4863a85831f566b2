using System.Text.Unicode;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Reading;

/// <summary>
/// Goes from line to line and takes off what does not belong to a line: its end, blanks at either side, a byte order mark.
/// </summary>
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

    /// <summary>Where the current line begins, behind blanks.</summary>
    public int Start { get; private set; }

    /// <summary>Where the current line ends, before blanks.</summary>
    public int End { get; private set; }

    /// <summary>The current line without blanks at either end.</summary>
    public readonly ReadOnlySpan<byte> Line => _body[Start..End];

    /// <summary>Whether the current line is valid UTF-8. What needs no look at the line is known from the masks.</summary>
    public readonly bool IsValidUtf8 => !_window.MayHaveNonAscii || Utf8.IsValid(Line);

    public static bool HasByteOrderMark(ReadOnlySpan<byte> body) => body.StartsWith("\uFEFF"u8);

    /// <summary>Goes to the next line that holds something.</summary>
    public bool MoveNext()
    {
        while (_next < _body.Length)
        {
            var start = _next;
            var end = _window.FindLineEnd(_body, start);
            _next = end + 1;
            Number++;
            // Blanks and carriage returns are all below the first visible character; what else is there is looked at more closely.
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
