namespace ModelRunner.Telemetry.Reading;

/// <summary>A number in JSON, digit by digit.</summary>
internal sealed class NumberState
{
    private Part _part;
    private long _value;
    private bool _isCount;

    private enum Part : byte
    {
        Minus,
        Zero,
        Integer,
        Point,
        Fraction,
        Exponent,
        ExponentSign,
        ExponentDigits,
    }

    /// <summary>Whether it may end here.</summary>
    public bool IsComplete => _part is Part.Zero or Part.Integer or Part.Fraction or Part.ExponentDigits;

    /// <summary>Its value if it is written as an integer from 0 to <see cref="Counts.Max"/>; else null.</summary>
    public long? Count => _isCount && _part is Part.Zero or Part.Integer && _value <= Counts.Max ? _value : null;

    /// <summary>Begins a number, if it is one.</summary>
    public bool TryBegin(byte first)
    {
        _isCount = first != '-';
        _value = first - '0';
        switch (first)
        {
            case (byte)'-':
                _part = Part.Minus;
                return true;
            case (byte)'0':
                _part = Part.Zero;
                return true;
            default:
                _part = Part.Integer;
                return char.IsAsciiDigit((char)first);
        }
    }

    /// <summary>Reads the next bytes of the number.</summary>
    /// <returns>How many bytes belong to it; if that is all of them, it may continue.</returns>
    public int Continue(ReadOnlySpan<byte> input)
    {
        for (int i = 0; i < input.Length; i++)
        {
            if (Next(input[i]) is not { } part)
                return i;
            if (part == Part.Integer && _value <= Counts.Max)
                _value = (_value * 10) + (input[i] - '0');
            _part = part;
        }

        return input.Length;
    }

    private Part? Next(byte value)
    {
        bool isDigit = char.IsAsciiDigit((char)value);
        return _part switch
        {
            Part.Minus when isDigit => value == '0' ? Part.Zero : Part.Integer,
            Part.Integer when isDigit => Part.Integer,
            Part.Zero or Part.Integer when value == '.' => Part.Point,
            Part.Point or Part.Fraction when isDigit => Part.Fraction,
            Part.Zero or Part.Integer or Part.Fraction when value is (byte)'e' or (byte)'E' => Part.Exponent,
            Part.Exponent when value is (byte)'+' or (byte)'-' => Part.ExponentSign,
            Part.Exponent or Part.ExponentSign or Part.ExponentDigits when isDigit => Part.ExponentDigits,
            _ => null,
        };
    }
}
