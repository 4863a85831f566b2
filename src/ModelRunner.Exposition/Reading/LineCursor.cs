using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Reading;

/// <summary>Goes from line to line and takes off what does not belong to a line: its end, blanks at either side, a byte order mark.</summary>
internal ref struct LineCursor(ReadOnlySpan<byte> body)
{
    private readonly ReadOnlySpan<byte> _body = body;
    private int _next = HasByteOrderMark(body) ? 3 : 0;

    /// <summary>The number of the current line, from 1.</summary>
    public int Number { get; private set; }

    /// <summary>Where the current line begins, behind blanks.</summary>
    public int Start { get; private set; }

    /// <summary>The current line without blanks at either end.</summary>
    public ReadOnlySpan<byte> Line { get; private set; }

    public static bool HasByteOrderMark(ReadOnlySpan<byte> body) => body.StartsWith("\uFEFF"u8);

    /// <summary>Goes to the next line that holds something.</summary>
    public bool MoveNext()
    {
        while (_next < _body.Length)
        {
            var start = _next;
            var length = _body[start..].IndexOf((byte)'\n');
            var end = length < 0 ? _body.Length : start + length;
            _next = end + 1;
            Number++;
            while (end > start && (Characters.IsBlank(_body[end - 1]) || _body[end - 1] == '\r'))
                end--;
            while (start < end && Characters.IsBlank(_body[start]))
                start++;
            if (start == end)
                continue;
            Start = start;
            Line = _body[start..end];
            return true;
        }

        return false;
    }
}
