using System.Buffers;

namespace ModelRunner.Telemetry.Reading;

/// <summary>
/// Reads one JSON document in parts of any size and tells <see cref="DocumentReader"/> what it needs. No text is kept, except that of keys and
/// of words such as a finish reason, up to <see cref="MemberTable.MaxText"/> bytes.
/// </summary>
/// <remarks>
/// The containers that are read follow the grammar of RFC 8259 exactly. Those that are skipped are checked for strings and brackets only, so
/// that a long list of numbers costs little. UTF-8 inside strings is not checked.
/// </remarks>
internal sealed class JsonScanner(DocumentReader document)
{
    private const int MaxDepth = 64;

    // A string has no control characters.
    private static readonly SearchValues<byte> TextEnds =
        SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(static value => (byte)value), (byte)'"', (byte)'\\']);

    private static readonly SearchValues<byte> Brackets = SearchValues.Create("\"[]{}"u8);

    private static readonly byte[][] Literals = ["true"u8.ToArray(), "false"u8.ToArray(), "null"u8.ToArray()];

    private readonly WordBuffer _word = new();
    private readonly NumberState _number = new();

    // The kinds of the open containers, the innermost in the lowest bit: 1 for an object.
    private ulong _kinds;
    private int _depth;
    private int _skippedFrom;
    private Step _step;
    private TextKind _text;
    private bool _isTextEmpty;
    private byte[] _literal = [];
    private int _literalLength;

    private enum Step : byte
    {
        /// <summary>Before a value.</summary>
        Value,

        /// <summary>After <c>[</c>.</summary>
        FirstElement,

        /// <summary>After <c>{</c>.</summary>
        FirstKey,

        /// <summary>After a comma in an object.</summary>
        Key,

        /// <summary>After a key.</summary>
        Colon,

        /// <summary>After a value in a container.</summary>
        AfterValue,

        /// <summary>In a string.</summary>
        Text,

        /// <summary>In a string, after a backslash.</summary>
        Escape,

        /// <summary>In a number.</summary>
        Number,

        /// <summary>In <c>true</c>, <c>false</c> or <c>null</c>.</summary>
        Literal,

        /// <summary>In a container that is skipped.</summary>
        Skipped,

        /// <summary>At the start of a skipped container that is content if it is not empty.</summary>
        SkippedContent,

        /// <summary>After the document.</summary>
        Closed,

        /// <summary>The bytes are not JSON, or are nested too deep.</summary>
        Lost,
    }

    private enum TextKind : byte
    {
        Key,
        Value,
        Skipped,
    }

    /// <summary>Whether nothing but white space was read.</summary>
    public bool IsEmpty => _step == Step.Value && _depth == 0;

    /// <summary>Whether the document is complete. A number that is the whole document may still continue.</summary>
    public bool IsClosed => _step == Step.Closed;

    /// <summary>Begins another document.</summary>
    public void Clear()
    {
        document.Clear();
        (_step, _depth, _kinds) = (Step.Value, 0, 0);
    }

    /// <summary>Reads the next bytes.</summary>
    public void Read(ReadOnlySpan<byte> input)
    {
        while (input.Length > 0 && _step != Step.Lost)
        {
            input = input[(_step switch
            {
                Step.Text => ReadText(input),
                Step.Skipped => Skip(input),
                Step.Number => ReadNumber(input),
                Step.Escape => ReadEscape(input[0]),
                Step.Literal => ReadLiteral(input[0]),
                _ => ReadStructure(input[0]),
            })..];
        }
    }

    /// <summary>Ends the input.</summary>
    /// <returns>Whether the document is complete and valid.</returns>
    public bool End()
    {
        if (_step == Step.Number && _depth == 0)
            EndNumber();
        return _step == Step.Closed;
    }

    private int ReadStructure(byte value)
    {
        if (value is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
            return 1;
        switch (_step)
        {
            case Step.FirstElement or Step.FirstKey or Step.AfterValue when value is (byte)']' or (byte)'}':
                Close(value == '}');
                break;
            case Step.Value or Step.FirstElement:
                BeginValue(value);
                break;
            case Step.FirstKey or Step.Key when value == '"':
                BeginText(TextKind.Key);
                break;
            case Step.Colon when value == ':':
                _step = Step.Value;
                break;
            case Step.AfterValue when value == ',':
                _step = IsInObject ? Step.Key : Step.Value;
                break;
            case Step.SkippedContent:
                if (value is not ((byte)']' or (byte)'}'))
                    document.SetContent();
                _step = Step.Skipped;
                return 0;
            default:
                _step = Step.Lost;
                break;
        }

        return 1;
    }

    private bool IsInObject => (_kinds & 1) == 1;

    private void BeginValue(byte value)
    {
        switch (value)
        {
            case (byte)'"':
                BeginText(TextKind.Value);
                break;
            case (byte)'{' or (byte)'[':
                Open(value == '{');
                break;
            case (byte)'t' or (byte)'f' or (byte)'n':
                _literal = Literals[value switch { (byte)'t' => 0, (byte)'f' => 1, _ => 2 }];
                (_literalLength, _step) = (1, Step.Literal);
                break;
            default:
                _step = _number.TryBegin(value) ? Step.Number : Step.Lost;
                break;
        }
    }

    private void Open(bool isObject)
    {
        if (!TryPush(isObject))
            return;
        bool isContent = document.IsContent;
        if (document.Open(isObject))
        {
            _step = isObject ? Step.FirstKey : Step.FirstElement;
            return;
        }

        _skippedFrom = _depth;
        _step = isContent ? Step.SkippedContent : Step.Skipped;
    }

    private bool TryPush(bool isObject)
    {
        if (_depth == MaxDepth)
        {
            _step = Step.Lost;
            return false;
        }

        _kinds = (_kinds << 1) | (isObject ? 1UL : 0);
        _depth++;
        return true;
    }

    private bool TryPop(bool isObject)
    {
        if (_depth == 0 || IsInObject != isObject)
        {
            _step = Step.Lost;
            return false;
        }

        _kinds >>= 1;
        _depth--;
        return true;
    }

    private void Close(bool isObject)
    {
        if (!TryPop(isObject))
            return;
        document.Close();
        EndValue();
    }

    private void EndValue() => _step = _depth == 0 ? Step.Closed : Step.AfterValue;

    private int Skip(ReadOnlySpan<byte> input)
    {
        int at = input.IndexOfAny(Brackets);
        if (at < 0)
            return input.Length;
        switch (input[at])
        {
            case (byte)'"':
                BeginText(TextKind.Skipped);
                break;
            case (byte)'{':
                TryPush(isObject: true);
                break;
            case (byte)'[':
                TryPush(isObject: false);
                break;
            case var end when TryPop(end == '}') && _depth < _skippedFrom:
                EndValue();
                break;
        }

        return at + 1;
    }

    private void BeginText(TextKind kind)
    {
        (_text, _isTextEmpty, _step) = (kind, true, Step.Text);
        _word.Begin(kind == TextKind.Key || (kind == TextKind.Value && document.WantsWord));
    }

    private int ReadText(ReadOnlySpan<byte> input)
    {
        int at = input.IndexOfAny(TextEnds);
        ReadOnlySpan<byte> plain = at < 0 ? input : input[..at];
        _isTextEmpty &= plain.IsEmpty;
        _word.Append(plain);
        if (at < 0)
            return input.Length;
        switch (input[at])
        {
            case (byte)'"':
                EndText();
                break;
            case (byte)'\\':
                _isTextEmpty = false;
                _word.BeginEscape();
                _step = Step.Escape;
                break;
            default:
                _step = Step.Lost;
                break;
        }

        return at + 1;
    }

    private int ReadEscape(byte value)
    {
        _step = _word.TryContinueEscape(value, out bool isComplete) ? isComplete ? Step.Text : Step.Escape : Step.Lost;
        return 1;
    }

    private void EndText()
    {
        switch (_text)
        {
            case TextKind.Key:
                document.Key(_word.Text);
                _step = Step.Colon;
                break;
            case TextKind.Value:
                document.Text(_word.Text, _isTextEmpty);
                EndValue();
                break;
            default:
                _step = Step.Skipped;
                break;
        }
    }

    private int ReadNumber(ReadOnlySpan<byte> input)
    {
        int count = _number.Continue(input);
        if (count < input.Length)
            EndNumber();
        return count;
    }

    private void EndNumber()
    {
        if (!_number.IsComplete)
        {
            _step = Step.Lost;
            return;
        }

        document.Number(_number.Count);
        EndValue();
    }

    private int ReadLiteral(byte value)
    {
        if (value != _literal[_literalLength])
        {
            _step = Step.Lost;
        }
        else if (++_literalLength == _literal.Length)
        {
            document.Literal(isTrue: _literal[0] == 't');
            EndValue();
        }

        return 1;
    }
}
