namespace ModelRunner.Telemetry.Reading;

/// <summary>The text of a key or of a short word, without its escapes. A text that is too long counts as empty.</summary>
internal sealed class WordBuffer
{
    // Stands for a character outside of ASCII that was escaped; no known word contains it.
    private const byte Foreign = 0xFF;

    private readonly byte[] _bytes = new byte[MemberTable.MaxText];
    private int _length;
    private bool _isKept;
    private int _hexDigits;
    private int _code;

    /// <summary>The text; empty if it is not kept or too long.</summary>
    public ReadOnlySpan<byte> Text => _isKept ? _bytes.AsSpan(0, _length) : default;

    /// <summary>Begins a text.</summary>
    /// <param name="isKept">Whether it is needed.</param>
    public void Begin(bool isKept) => (_isKept, _length) = (isKept, 0);

    public void Append(ReadOnlySpan<byte> plain)
    {
        if (!_isKept)
            return;
        if (plain.Length > _bytes.Length - _length)
        {
            _isKept = false;
            return;
        }

        plain.CopyTo(_bytes.AsSpan(_length));
        _length += plain.Length;
    }

    /// <summary>A backslash was read.</summary>
    public void BeginEscape() => _hexDigits = -1;

    /// <summary>Reads the next byte of an escape.</summary>
    /// <returns>Whether it is valid.</returns>
    public bool TryContinueEscape(byte value, out bool isComplete)
    {
        isComplete = false;
        if (_hexDigits >= 0)
            return TryAddHexDigit(value, out isComplete);
        if (value == 'u')
        {
            (_hexDigits, _code) = (0, 0);
            return true;
        }

        byte character = value switch
        {
            (byte)'"' or (byte)'\\' or (byte)'/' => value,
            (byte)'b' => (byte)'\b',
            (byte)'f' => (byte)'\f',
            (byte)'n' => (byte)'\n',
            (byte)'r' => (byte)'\r',
            (byte)'t' => (byte)'\t',
            _ => 0,
        };
        if (character == 0)
            return false;
        Append([character]);
        isComplete = true;
        return true;
    }

    private bool TryAddHexDigit(byte value, out bool isComplete)
    {
        isComplete = false;
        if (!char.IsAsciiHexDigit((char)value))
            return false;
        _code = (_code << 4) | (value <= '9' ? value - '0' : (value | 0x20) - 'a' + 10);
        if (++_hexDigits < 4)
            return true;
        Append([_code < 0x80 ? (byte)_code : Foreign]);
        isComplete = true;
        return true;
    }
}
