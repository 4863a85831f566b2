namespace ModelRunner.Exposition.Merging;

/// <summary>
/// Enumerates the labels of canonical bytes: <c>{a="b",c="d"}</c>, with or without the braces. It returns <c>a="b</c>, which identifies a
/// label.
/// </summary>
internal ref struct CanonicalLabels(ReadOnlySpan<byte> labels)
{
    private ReadOnlySpan<byte> _rest = labels.TrimStart("{,"u8);

    /// <summary>The current label from its name to the end of its value, without the closing quote.</summary>
    public ReadOnlySpan<byte> Current { get; private set; }

    public bool MoveNext()
    {
        if (_rest.IsEmpty || _rest[0] is (byte)'}' or (byte)' ')
            return false;
        var position = _rest[0] == '"' ? EndOfString(_rest, 1) + 1 : _rest.IndexOf((byte)'=');
        // Skip from the equals sign and the opening quote to the closing quote.
        var end = EndOfString(_rest, position + 2);
        Current = _rest[..end];
        end++;
        _rest = end < _rest.Length && _rest[end] == ',' ? _rest[(end + 1)..] : default;
        return true;
    }

    /// <summary>The end of a quoted label name: the position after the closing quote.</summary>
    public static int EndOfName(ReadOnlySpan<byte> label) => EndOfString(label, 1) + 1;

    private static int EndOfString(ReadOnlySpan<byte> bytes, int position)
    {
        while (true)
        {
            position += bytes[position..].IndexOfAny((byte)'"', (byte)'\\');
            if (bytes[position] == '"')
                return position;
            position += 2;
        }
    }
}
