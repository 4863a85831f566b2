namespace ModelRunner.Exposition.Merging;

/// <summary>
/// Walks the labels of canonical bytes: <c>{a="b",c="d"}</c>, or without the braces. What it gives is <c>a="b</c>, the identity of a label.
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
        // From the equals sign over the opening quote to the closing one.
        var end = EndOfString(_rest, position + 2);
        Current = _rest[..end];
        end++;
        _rest = end < _rest.Length && _rest[end] == ',' ? _rest[(end + 1)..] : default;
        return true;
    }

    /// <summary>Where the name of a label ends that begins with a quote: behind the closing one.</summary>
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
