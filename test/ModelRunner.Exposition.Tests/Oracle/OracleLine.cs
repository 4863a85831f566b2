namespace ModelRunner.Exposition.Tests.Oracle;

/// <summary>A line that is read from left to right.</summary>
internal sealed class OracleLine(string text)
{
    private int _position;

    public bool IsAtEnd => _position >= text.Length;

    public char Next => IsAtEnd ? '\0' : text[_position];

    public void SkipBlanks()
    {
        while (!IsAtEnd && Next is ' ' or '\t')
            _position++;
    }

    public bool Skip(char wanted)
    {
        if (IsAtEnd || Next != wanted)
            return false;
        _position++;
        return true;
    }

    public string While(Func<char, bool> isPart)
    {
        var start = _position;
        while (!IsAtEnd && isPart(Next))
            _position++;
        return text[start.._position];
    }

    /// <summary>Up to the next blank or the end.</summary>
    public string Token() => While(next => next is not (' ' or '\t'));

    public string Rest() => text[Math.Min(_position, text.Length)..];

    /// <summary>What stands between two quotes, escapes as they are; null where the second one is missing.</summary>
    public string? Quoted()
    {
        if (!Skip('"'))
            return null;
        var start = _position;
        while (!IsAtEnd)
        {
            if (Next == '"')
                return text[start.._position++];
            _position += Next == '\\' ? 2 : 1;
        }

        return null;
    }
}
