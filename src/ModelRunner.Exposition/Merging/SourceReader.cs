using ModelRunner.Exposition.Reading;
using ModelRunner.Exposition.Reading.Kernels;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Merging;

/// <summary>Reads the body of one source line by line into the index of the page, and counts what cannot be taken.</summary>
internal sealed class SourceReader
{
    private readonly PageIndex _index;
    private readonly ExpositionLimits _limits;
    private readonly MaskWindow _window;
    private readonly FastSampleParser _fast;
    private readonly SampleLine _sample = new();
    private readonly CanonicalWriter _canonical = new();
    private readonly DeclarationReader _declarations;
    private readonly ByteBuilder _nameBytes = new();
    private SourceState _source = new();
    private int _name;
    private int _plainStart;
    private int _plainNameLength;
    private bool _isOpenMetrics;
    private bool _isBehindEof;

    public SourceReader(PageIndex index, ExpositionLimits limits, BlockKernel kernel)
    {
        _index = index;
        _limits = limits;
        _window = new MaskWindow(kernel);
        _fast = new FastSampleParser(_window, limits);
        _declarations = new DeclarationReader(index, limits);
    }

    public void Read(SourceState source, bool isOpenMetrics)
    {
        _source = source;
        _name = _plainStart = -1;
        _isOpenMetrics = isOpenMetrics;
        _isBehindEof = false;
        _declarations.Begin(source, isOpenMetrics);
        _fast.Begin(source.Labels);
        var body = source.Body.Span;
        var lines = new LineCursor(body, _window);
        while (lines.MoveNext())
        {
            if (body[lines.Start] == '#')
                ReadMetadata(lines.Line, lines.IsValidUtf8);
            else if (!TryReadPlainSample(body, lines))
                ReadOtherSample(lines.Line, lines.IsValidUtf8);
        }

        _declarations.End();
        var summary = source.Summary;
        summary.IsOpenMetrics = isOpenMetrics;
        summary.IsUnreadable = summary is { Samples: 0, MetadataLines: 0, HasUnreadableLine: true, HasRefusedButReadableLine: false };
    }

    /// <summary>Takes a line that is canonical text. Anything else is left as it is.</summary>
    private bool TryReadPlainSample(ReadOnlySpan<byte> body, in LineCursor lines)
    {
        var (start, end) = (lines.Start, lines.End);
        if (_isBehindEof || _source.Summary.Samples == _limits.MaxSamples || !lines.IsValidUtf8)
            return false;
        var isSame = _plainStart >= 0
            && BodyComparer.CountEqual(body, _plainStart, start, _plainNameLength) == _plainNameLength
            && end - start > _plainNameLength
            && body[start + _plainNameLength] is (byte)'{' or (byte)' ';
        ref var record = ref _index.NextSample();
        if (!_fast.TryParse(body, start, end, isSame ? _plainNameLength : 0, _isOpenMetrics, ref record))
            return false;
        var name = _name;
        if (!isSame && !FindName(body.Slice(start, record.NameLength), isQuoted: false, out name))
            return false;
        _index.AddSample(name, continuesSpan: name == _name);
        _name = name;
        _plainStart = start;
        _plainNameLength = record.NameLength;
        _source.Summary.SampleLines++;
        _source.Summary.Samples++;
        return true;
    }

    private void ReadOtherSample(ReadOnlySpan<byte> line, bool isValidUtf8)
    {
        _source.Summary.SampleLines++;
        var error = ReadSample(line, isValidUtf8);
        if (error is { } reason)
            _source.Summary.DropSample(reason);
        else
            _source.Summary.Samples++;
    }

    private void ReadMetadata(ReadOnlySpan<byte> line, bool isValidUtf8)
    {
        var metadata = MetadataParser.Parse(line, _isOpenMetrics, takesUnits: true);
        if (metadata.Kind == LineKind.Comment)
            return;
        if (metadata.Kind == LineKind.Eof)
            _isBehindEof = true;
        else if (_isBehindEof)
            _source.Summary.DropMetadata(ExpositionErrorReason.AfterEof);
        else if (isValidUtf8)
            _declarations.Read(line, metadata);
        else if (_isOpenMetrics || metadata.Kind != LineKind.Unit)
            _source.Summary.DropMetadata(ExpositionErrorReason.InvalidUtf8);
    }

    private ExpositionErrorReason? ReadSample(ReadOnlySpan<byte> line, bool isValidUtf8)
    {
        if (_isBehindEof)
            return ExpositionErrorReason.AfterEof;
        if (!isValidUtf8)
            return ExpositionErrorReason.InvalidUtf8;
        var error = SampleParser.Parse(line, _isOpenMetrics, _limits, _sample);
        if (error is not null)
            return error;
        if (!FindName(line[_sample.NameStart.._sample.NameEnd], _sample.IsNameQuoted, out var name))
            return ExpositionErrorReason.ReservedName;
        if (_source.Summary.Samples == _limits.MaxSamples)
            return ExpositionErrorReason.TooManySamples;
        _index.NextSample() = _canonical.Append(_source, line, _sample);
        _index.AddSample(name, continuesSpan: name == _name);
        _name = name;
        _plainStart = -1;
        return null;
    }

    private bool FindName(ReadOnlySpan<byte> name, bool isQuoted, out int found)
    {
        if (isQuoted && name.Contains((byte)'\\'))
        {
            _nameBytes.Clear();
            var decoded = _nameBytes.GetSpan(name.Length);
            name = decoded[..Escapes.Decode(name, decoded, quotes: true)];
        }

        found = -1;
        var isReserved = ReservedNames.IsReserved(name);
        if (isReserved && !_source.AllowsReservedNames)
            return false;
        _source.HasForeignNames |= !isReserved;

        found = _index.Names.GetOrAdd(name);
        _declarations.NoteSample(found);
        return true;
    }
}
