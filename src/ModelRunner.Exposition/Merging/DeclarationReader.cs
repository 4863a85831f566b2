using ModelRunner.Exposition.Reading;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Merging;

/// <summary>
/// Takes HELP and TYPE of one source. Names are those of text 0.0.4: a counter <c>x</c> of an OpenMetrics body is <c>x_total</c> here, an
/// info
/// <c>x</c> is <c>x_info</c>, so that both kinds of body can meet in one family.
/// </summary>
internal sealed class DeclarationReader(PageIndex index, ExpositionLimits limits)
{
    private readonly ByteBuilder _name = new();
    private readonly ByteBuilder _heldName = new();
    private readonly ByteBuilder _heldHelp = new();
    private SourceState _source = new();
    private bool _isOpenMetrics;
    private bool _isHelpHeld;
    private MetricType? _lastType;
    private int _namesBefore;

    public void Begin(SourceState source, bool isOpenMetrics)
    {
        _source = source;
        _isOpenMetrics = isOpenMetrics;
        _isHelpHeld = false;
        _lastType = null;
        _namesBefore = index.Names.Count;
    }

    public void Read(ReadOnlySpan<byte> line, in MetadataLine metadata)
    {
        if (metadata.IsInvalid)
        {
            _source.Summary.DropMetadata(ExpositionErrorReason.InvalidMetadata);
            return;
        }

        var name = DecodeName(line, metadata);
        var isReserved = ReservedNames.IsReserved(name);
        if (isReserved && !_source.AllowsReservedNames)
        {
            _source.Summary.DropMetadata(ExpositionErrorReason.ReservedName);
            return;
        }

        if (index.Names.Count - _namesBefore >= limits.MaxSamples)
        {
            _source.Summary.DropMetadata(ExpositionErrorReason.TooManySamples);
            return;
        }

        _source.HasForeignNames |= !isReserved;
        _source.Summary.MetadataLines++;
        var text = line[metadata.TextStart..metadata.TextEnd];
        if (metadata.Kind == LineKind.Type)
            DeclareType(name, metadata.Type);
        else if (metadata.Kind == LineKind.Help && _isOpenMetrics)
            HoldHelp(name, text);
        else if (metadata.Kind == LineKind.Help)
            AddHelp(name, text);
    }

    /// <summary>Notes that the body has samples of a name: what <c>x_created</c> is depends on the format that it comes from.</summary>
    public void NoteSample(int name) => index.Names[name].HasOpenMetricsSamples |= _isOpenMetrics;

    /// <summary>Lets go of what waits for a TYPE line. To be called behind the last line.</summary>
    public void End() => FlushHelp();

    private ReadOnlySpan<byte> DecodeName(ReadOnlySpan<byte> line, in MetadataLine metadata)
    {
        var raw = line[metadata.NameStart..metadata.NameEnd];
        _name.Clear();
        _name.Advance(Escapes.Decode(raw, _name.GetSpan(raw.Length + "_total".Length), quotes: true));
        return _name.Written;
    }

    private void DeclareType(ReadOnlySpan<byte> name, MetricType type)
    {
        if (_isOpenMetrics)
        {
            if (_isHelpHeld && !name.SequenceEqual(_heldName.Written))
                FlushHelp();
            _heldName.Clear();
            _heldName.Append(name);
            _lastType = type;
            if (_isHelpHeld)
                FlushHelp();
            name = TextName(name, type);
        }

        index.DeclareType(index.Names.GetOrAdd(name), type);
    }

    // In OpenMetrics the HELP may stand before or behind the TYPE that tells to which name of text it belongs.
    private void HoldHelp(ReadOnlySpan<byte> name, ReadOnlySpan<byte> text)
    {
        if (_lastType is not null && !name.SequenceEqual(_heldName.Written))
            _lastType = null;
        FlushHelp();
        _heldName.Clear();
        _heldName.Append(name);
        _heldHelp.Clear();
        _heldHelp.Append(text);
        _isHelpHeld = true;
        if (_lastType is not null)
            FlushHelp();
    }

    private void FlushHelp()
    {
        if (_isHelpHeld)
            AddHelp(TextName(_heldName.Written, _lastType ?? MetricType.Untyped), _heldHelp.Written);
        _isHelpHeld = false;
    }

    private void AddHelp(ReadOnlySpan<byte> name, ReadOnlySpan<byte> text) =>
        index.Helps.Add(ref index.Names[index.Names.GetOrAdd(name)], index.SourceCount - 1, text, quotes: _isOpenMetrics);

    private ReadOnlySpan<byte> TextName(ReadOnlySpan<byte> name, MetricType type)
    {
        var suffix = type switch { MetricType.Counter => "_total"u8, MetricType.Info => "_info"u8, _ => default };
        if (suffix.IsEmpty || name.EndsWith(suffix))
            return name;
        // The name may be the buffer's own content: it is then copied onto itself.
        _name.Clear();
        _name.Append(name);
        _name.Append(suffix);
        return _name.Written;
    }
}
