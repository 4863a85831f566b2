using System.Text.Unicode;
using ModelRunner.Exposition.Reading;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Merging;

/// <summary>Reads the body of one source line by line into the index of the page, and counts what cannot be taken.</summary>
internal sealed class SourceReader(PageIndex index, ExpositionLimits limits)
{
    private readonly SampleLine _sample = new();
    private readonly CanonicalWriter _canonical = new();
    private readonly DeclarationReader _declarations = new(index, limits);
    private readonly ByteBuilder _nameBytes = new();
    private SourceState _source = new();
    private int _name;
    private bool _isOpenMetrics;
    private bool _isValidUtf8;
    private bool _isBehindEof;

    public void Read(SourceState source, bool isOpenMetrics)
    {
        _source = source;
        _name = -1;
        _isOpenMetrics = isOpenMetrics;
        _isBehindEof = false;
        _declarations.Begin(source, isOpenMetrics);
        var body = source.Body.Span;
        _isValidUtf8 = Utf8.IsValid(body);
        var lines = new LineCursor(body);
        while (lines.MoveNext())
            ReadLine(lines.Line);
        _declarations.End();
        var summary = source.Summary;
        summary.IsOpenMetrics = isOpenMetrics;
        summary.IsUnreadable = summary is { Samples: 0, MetadataLines: 0, HasUnreadableLine: true, HasRefusedButReadableLine: false };
    }

    private void ReadLine(ReadOnlySpan<byte> line)
    {
        if (line[0] == '#')
        {
            ReadMetadata(line);
            return;
        }

        _source.Summary.SampleLines++;
        var error = ReadSample(line);
        if (error is { } reason)
            _source.Summary.DropSample(reason);
        else
            _source.Summary.Samples++;
    }

    private void ReadMetadata(ReadOnlySpan<byte> line)
    {
        var metadata = MetadataParser.Parse(line, _isOpenMetrics);
        if (metadata.Kind == LineKind.Comment)
            return;
        if (metadata.Kind == LineKind.Eof)
            _isBehindEof = true;
        else if (_isBehindEof)
            _source.Summary.DropMetadata(ExpositionErrorReason.AfterEof);
        else if (!_isValidUtf8 && !Utf8.IsValid(line))
            _source.Summary.DropMetadata(ExpositionErrorReason.InvalidUtf8);
        else
            _declarations.Read(line, metadata);
    }

    private ExpositionErrorReason? ReadSample(ReadOnlySpan<byte> line)
    {
        if (_isBehindEof)
            return ExpositionErrorReason.AfterEof;
        if (!_isValidUtf8 && !Utf8.IsValid(line))
            return ExpositionErrorReason.InvalidUtf8;
        var error = SampleParser.Parse(line, _isOpenMetrics, limits, _sample);
        if (error is not null)
            return error;
        if (!FindName(line[_sample.NameStart.._sample.NameEnd], out var name))
            return ExpositionErrorReason.ReservedName;
        if (_source.Summary.Samples == limits.MaxSamples)
            return ExpositionErrorReason.TooManySamples;
        var record = _canonical.Append(_source, line, _sample);
        index.AddSample(record, name, continuesSpan: name == _name);
        _name = name;
        return null;
    }

    private bool FindName(ReadOnlySpan<byte> name, out int found)
    {
        if (_sample.IsNameQuoted && name.Contains((byte)'\\'))
        {
            _nameBytes.Clear();
            var decoded = _nameBytes.GetSpan(name.Length);
            name = decoded[..Escapes.Decode(name, decoded, quotes: true)];
        }

        found = _name;
        if (found >= 0 && index.Names.Name(found).SequenceEqual(name))
            return true;
        var isReserved = ReservedNames.IsReserved(name);
        if (isReserved && !_source.AllowsReservedNames)
            return false;
        _source.HasForeignNames |= !isReserved;

        found = index.Names.GetOrAdd(name);
        _declarations.NoteSample(found);
        return true;
    }
}
