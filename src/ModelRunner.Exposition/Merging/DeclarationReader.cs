using System.Text;
using ModelRunner.Exposition.Reading;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Merging;

/// <summary>
/// Reads the HELP, TYPE and UNIT lines of one source. Names are stored in the form of text 0.0.4: a counter <c>x</c> of an OpenMetrics body
/// becomes <c>x_total</c>, an info <c>x</c> becomes <c>x_info</c>, so that bodies of both formats can share a family. A UNIT line of a text
/// body is a comment; it is used if it is valid and ignored otherwise.
/// </summary>
internal sealed class DeclarationReader(PageIndex index, ExpositionLimits limits)
{
    private readonly byte[] _reservedPrefix = Encoding.UTF8.GetBytes(limits.ReservedPrefix);
    private readonly MetadataMemory _memory = new(index);
    private readonly ByteBuilder _name = new();
    private readonly ByteBuilder _textName = new();
    private readonly ByteBuilder _heldName = new();
    private readonly ByteBuilder _heldHelp = new();
    private readonly ByteBuilder _heldUnit = new();
    private SourceState _source = new();
    private bool _isOpenMetrics;
    private bool _isHelpHeld;
    private MetricType? _heldType;
    private int _namesBefore;

    public void Begin(SourceState source, bool isOpenMetrics)
    {
        _source = source;
        _isOpenMetrics = isOpenMetrics;
        Forget();
        _namesBefore = index.Names.Count;
        _memory.Begin();
    }

    /// <summary>
    /// Reads a line of a text body without parsing it, if the last source declares the same. Any other line is left to the caller.
    /// </summary>
    /// <param name="line">The line.</param>
    /// <param name="start">The position of the line in the body.</param>
    public bool TryRepeat(ReadOnlySpan<byte> line, int start)
    {
        if (_isOpenMetrics || HasMaxNames || !_memory.TryFind(line, out var known))
            return false;
        index.Reuse(known.Name);
        Declare(known.Name, known.Kind, known.Type, line[known.TextStart..]);
        _source.HasForeignNames = true;
        _source.Summary.MetadataLines++;
        _memory.Add(known with { Start = start });
        return true;
    }

    /// <summary>Reads a line.</summary>
    /// <param name="line">The line.</param>
    /// <param name="start">The position of the line in the body.</param>
    /// <param name="metadata">The parts of the line.</param>
    /// <returns>False if the source declares more names than the limit.</returns>
    public bool TryRead(ReadOnlySpan<byte> line, int start, in MetadataLine metadata)
    {
        if (metadata.IsInvalid)
        {
            _source.Summary.DropMetadata(ExpositionErrorReason.InvalidMetadata);
            return true;
        }

        var name = DecodeName(line, metadata);
        var text = line[metadata.TextStart..metadata.TextEnd];
        if (metadata.Kind == LineKind.Unit && !IsUnit(name, text))
            return true;
        var isReserved = ReservedNames.IsReserved(name, _reservedPrefix);
        if (isReserved && !_source.AllowsReservedNames)
        {
            _source.Summary.DropMetadata(ExpositionErrorReason.ReservedName);
            return true;
        }

        if (HasMaxNames)
            return false;

        _source.HasForeignNames |= !isReserved;
        _source.Summary.MetadataLines++;
        if (_isOpenMetrics)
        {
            Hold(name, metadata, text);
            return true;
        }

        var declared = index.NameOf(name);
        Declare(declared, metadata.Kind, metadata.Type, text);
        if (!isReserved)
        {
            _memory.Add(new KnownMetadata
            {
                Start = start,
                Length = line.Length,
                TextStart = metadata.TextStart,
                Name = declared,
                Kind = metadata.Kind,
                Type = metadata.Type,
            });
        }

        return true;
    }

    /// <summary>Records that the body has samples of a name: the meaning of <c>x_created</c> depends on the format.</summary>
    public void NoteSample(int name) => index.Names[name].HasOpenMetricsSamples |= _isOpenMetrics;

    /// <summary>Discards lines that still wait for a TYPE line. Called after the last line.</summary>
    public void End() => Flush();

    private bool HasMaxNames => !_source.IsOwn && index.Names.Count - _namesBefore >= limits.MaxSamples;

    private bool IsUnit(ReadOnlySpan<byte> name, ReadOnlySpan<byte> text)
    {
        if (Units.IsUnitOfAny(name, text))
            return true;
        // An empty unit means no unit, and in text the line is a comment.
        if (_isOpenMetrics && !text.IsEmpty)
            _source.Summary.DropMetadata(ExpositionErrorReason.InvalidMetadata);
        return false;
    }

    private ReadOnlySpan<byte> DecodeName(ReadOnlySpan<byte> line, in MetadataLine metadata)
    {
        var raw = line[metadata.NameStart..metadata.NameEnd];
        if (!metadata.IsNameQuoted)
            return raw;
        _name.Clear();
        _name.Advance(Escapes.Decode(raw, _name.GetSpan(raw.Length), quotes: true));
        return _name.Written;
    }

    // In OpenMetrics, HELP and UNIT may come before the TYPE line that decides which name of text they belong to.
    private void Hold(ReadOnlySpan<byte> name, in MetadataLine metadata, ReadOnlySpan<byte> text)
    {
        if (!name.SequenceEqual(_heldName.Written))
        {
            Flush();
            _heldName.Append(name);
        }

        if (metadata.Kind == LineKind.Type)
        {
            _heldType ??= metadata.Type;
            index.DeclareType(index.NameOf(TextName(name, metadata.Type)), metadata.Type);
        }
        else if (metadata.Kind == LineKind.Unit && _heldUnit.Length == 0)
        {
            _heldUnit.Append(text);
        }
        else if (metadata.Kind == LineKind.Help && !_isHelpHeld)
        {
            _heldHelp.Append(text);
            _isHelpHeld = true;
        }
    }

    private void Flush()
    {
        if (_isHelpHeld || _heldUnit.Length > 0)
        {
            var name = index.NameOf(TextName(_heldName.Written, _heldType ?? MetricType.Untyped));
            if (_isHelpHeld)
                AddHelp(name, _heldHelp.Written);
            if (_heldUnit.Length > 0)
                AddUnit(name, _heldUnit.Written);
        }

        Forget();
    }

    private void Forget()
    {
        _heldName.Clear();
        _heldHelp.Clear();
        _heldUnit.Clear();
        _isHelpHeld = false;
        _heldType = null;
    }

    private void Declare(int name, LineKind kind, MetricType type, ReadOnlySpan<byte> text)
    {
        if (kind == LineKind.Type)
            index.DeclareType(name, type);
        else if (kind == LineKind.Help)
            AddHelp(name, text);
        else
            AddUnit(name, text);
    }

    private void AddHelp(int name, ReadOnlySpan<byte> text) =>
        index.Helps.Add(ref index.Names[name], index.SourceCount - 1, text, quotes: _isOpenMetrics);

    private void AddUnit(int name, ReadOnlySpan<byte> text) =>
        index.Units.Add(ref index.Names[name], index.SourceCount - 1, text);

    private ReadOnlySpan<byte> TextName(ReadOnlySpan<byte> name, MetricType type)
    {
        var suffix = type switch { MetricType.Counter => "_total"u8, MetricType.Info => "_info"u8, _ => default };
        if (suffix.IsEmpty || name.EndsWith(suffix))
            return name;
        _textName.Clear();
        _textName.Append(name);
        _textName.Append(suffix);
        return _textName.Written;
    }
}
