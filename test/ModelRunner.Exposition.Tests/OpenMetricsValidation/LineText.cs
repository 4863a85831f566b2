using System.Text;

namespace ModelRunner.Exposition.Tests.OpenMetricsValidation;

/// <summary>Reads a line from left to right. Whatever does not fit is an error that shows the line.</summary>
internal sealed class LineText(string line)
{
    private int _position;

    public string Line => line;

    public bool IsAtEnd => _position == line.Length;

    public char Next => IsAtEnd ? '\0' : line[_position];

    public string Rest => line[_position..];

    public InvalidPageException Error(string rule) => new($"{rule}: {line}");

    public void Expect(string text)
    {
        if (!Skip(text))
            throw Error($"expected '{text}' at {_position}");
    }

    public bool Skip(string text)
    {
        if (!line.AsSpan(_position).StartsWith(text, StringComparison.Ordinal))
            return false;
        _position += text.Length;
        return true;
    }

    /// <summary>Everything up to one of the characters, or to the end.</summary>
    public string Until(params char[] ends)
    {
        var start = _position;
        while (!IsAtEnd && !ends.Contains(Next))
            _position++;
        return line[start.._position];
    }

    /// <summary>A string in quotes, with its three escapes undone; a backslash before anything else stands for itself.</summary>
    public string Quoted()
    {
        Expect("\"");
        var text = new StringBuilder();
        while (true)
        {
            if (IsAtEnd)
                throw Error("a quote is not closed");
            var current = line[_position++];
            if (current == '"')
                return text.ToString();
            if (current == '\\' && Next is 'n' or '\\' or '"')
                text.Append(line[_position++] is var code && code == 'n' ? '\n' : code);
            else
                text.Append(current);
        }
    }
}
