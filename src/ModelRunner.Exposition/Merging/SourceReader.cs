using System.Text.Unicode;
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
    private bool _isOpenMetrics;
    private bool _isValidUtf8;
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
        _name = -1;
        _isOpenMetrics = isOpenMetrics;
        _isBehindEof = false;
        _declarations.Begin(source, isOpenMetrics);
        _fast.Begin(source.Labels);
        var body = source.Body.Span;
        _isValidUtf8 = Utf8.IsValid(body);
        var lines = new LineCursor(body, _window);
        while (lines.MoveNext())
        {
            if (body[lines.Start] == '#')
                ReadMetadata(lines.Line);
            else if (!TryReadPlainSample(body, lines.Start, lines.End))
                ReadOtherSample(lines.Line);
        }
        _declarations.End();
        var summary = source.Summary;
        summary.IsOpenMetrics = isOpenMetrics;
        summary.IsUnreadable = summary is { Samples: 0, MetadataLines: 0, HasUnreadableLine: true, HasRefusedButReadableLine: false };
    }

    /// <summary>Takes a line that is canonical text. Anything else is left as it is.</summary>
    private bool TryReadPlainSample(ReadOnlySpan<byte> body, int start, int end)
    {
        if (!_isValidUtf8 || _isBehindEof || _source.Summary.Samples == _limits.MaxSamples)
            return false;
        var last = _name < 0 ? default : _index.Names.Name(_name);
        var isSame = !last.IsEmpty
            && end - start > last.Length
            && body[start..].StartsWith(last)
            && body[start + last.Length] is (byte)'{' or (byte)' ';
        if (!_fast.TryParse(body, start, end, isSame ? last.Length : 0, _isOpenMetrics, out var record))
            return false;
        var name = _name;
        if (!isSame && !FindName(body.Slice(start, record.NameLength), out name))
            return false;
        _index.AddSample(record, name, continuesSpan: isSame);
        _name = name;
        _source.Summary.SampleLines++;
        _source.Summary.Samples++;
        return true;
    }

    private void ReadOtherSample(ReadOnlySpan<byte> line)
    {
        _source.Summary.SampleLines++;
        var error = ReadSample(line);
        if (error is { } reason)
            _source.Summary.DropSample(reason);
        else
            _source.Summary.Samples++;
    }

    private void ReadMetadata(ReadOnlySpan<byte> line)
    {
        var metadata = MetadataParser.Parse(line, _isOpenMetrics, takesUnits: true);
        if (metadata.Kind == LineKind.Comment)
            return;
        if (metadata.Kind == LineKind.Eof)
            _isBehindEof = true;
        else if (_isBehindEof)
            _source.Summary.DropMetadata(ExpositionErrorReason.AfterEof);
        else if (_isValidUtf8 || Utf8.IsValid(line))
            _declarations.Read(line, metadata);
        else if (_isOpenMetrics || metadata.Kind != LineKind.Unit)
            _source.Summary.DropMetadata(ExpositionErrorReason.InvalidUtf8);
    }

    private ExpositionErrorReason? ReadSample(ReadOnlySpan<byte> line)
    {
        if (_isBehindEof)
            return ExpositionErrorReason.AfterEof;
        if (!_isValidUtf8 && !Utf8.IsValid(line))
            return ExpositionErrorReason.InvalidUtf8;
        var error = SampleParser.Parse(line, _isOpenMetrics, _limits, _sample);
        if (error is not null)
            return error;
        if (!FindName(line[_sample.NameStart.._sample.NameEnd], out var name))
            return ExpositionErrorReason.ReservedName;
        if (_source.Summary.Samples == _limits.MaxSamples)
            return ExpositionErrorReason.TooManySamples;
        var record = _canonical.Append(_source, line, _sample);
        _index.AddSample(record, name, continuesSpan: name == _name);
        _name = name;
        return null;
    }

    private bool FindName(ReadOnlySpan<byte> name, out int found)
    {
        if (name.Contains((byte)'\\'))
        {
            _nameBytes.Clear();
            var decoded = _nameBytes.GetSpan(name.Length);
            name = decoded[..Escapes.Decode(name, decoded, quotes: true)];
        }

        found = _name;
        if (found >= 0 && _index.Names.Name(found).SequenceEqual(name))
            return true;
        var isReserved = ReservedNames.IsReserved(name);
        if (isReserved && !_source.AllowsReservedNames)
            return false;
        _source.HasForeignNames |= !isReserved;

        found = _index.Names.GetOrAdd(name);
        _declarations.NoteSample(found);
        return true;
    }
}
