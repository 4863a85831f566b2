namespace ModelRunner.Exposition.Merging;

/// <summary>
/// Remembers the declarations of the last source. The runners of one engine have the same lines in the same order, so a line that is equal to
/// the expected one, byte for byte, does not have to be parsed.
/// </summary>
internal sealed class MetadataMemory(PageIndex index)
{
    // An engine declares some hundred names. A larger page is read without this memory, which bounds its size.
    private const int MaxLines = 4096;

    private List<KnownMetadata> _lines = [];
    private List<KnownMetadata> _lastLines = [];
    private int _source = -1;
    private int _next;

    /// <summary>Begins the current source of the index.</summary>
    public void Begin()
    {
        (_lines, _lastLines) = (_lastLines, _lines);
        _lines.Clear();
        // If the last source was removed, its body is not borrowed any more. The current one then has its number.
        if (_source != index.SourceCount - 2)
            _lastLines.Clear();
        _source = index.SourceCount - 1;
        _next = 0;
    }

    /// <summary>Whether the last source has this line too, at the same place in the order of its declarations.</summary>
    public bool TryFind(ReadOnlySpan<byte> line, out KnownMetadata known)
    {
        if (_next < _lastLines.Count)
        {
            known = _lastLines[_next];
            if (known.Length == line.Length && index.Source(_source - 1).Body.Span.Slice(known.Start, known.Length).SequenceEqual(line))
            {
                _next++;
                return true;
            }
        }

        known = default;
        return false;
    }

    /// <summary>Adds a line of the current source.</summary>
    public void Add(in KnownMetadata line)
    {
        if (_lines.Count < MaxLines)
            _lines.Add(line);
    }
}
