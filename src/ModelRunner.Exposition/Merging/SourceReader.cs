using System.Text;
using ModelRunner.Exposition.Reading;
using ModelRunner.Exposition.Reading.Kernels;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Merging;

/// <summary>Reads the body of one source line by line into the index, and counts the lines that are dropped.</summary>
internal sealed class SourceReader
{
    private static readonly int LinesBetweenLooks = DebugSizes.Pick(1024, 4);
    private static readonly ExpositionLimits NoLimits = new() { MaxSamples = int.MaxValue, MaxLabels = int.MaxValue, MaxLabelValueBytes = int.MaxValue };

    private readonly PageIndex _index;
    private readonly ExpositionLimits _pageLimits;
    private ExpositionLimits _limits;
    private readonly byte[] _reservedPrefix;
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
        _pageLimits = _limits = limits;
        _window = new MaskWindow(kernel);
        _fast = new FastSampleParser(_window, limits);
        _reservedPrefix = Encoding.UTF8.GetBytes(limits.ReservedPrefix);
        _declarations = new DeclarationReader(index, limits);
    }

    /// <summary>Reads the body of the current source of the index.</summary>
    /// <returns>False if the source exceeds the limit of samples or names. The index then contains a part of it.</returns>
    /// <exception cref="OperationCanceledException">The time is over. The index then contains a part of the source.</exception>
    public bool TryRead(SourceState source, bool isOpenMetrics, Func<bool>? isOver)
    {
        _source = source;
        _limits = source.IsOwn ? NoLimits : _pageLimits;
        _name = _plainStart = -1;
        _isOpenMetrics = isOpenMetrics;
        _isBehindEof = false;
        _declarations.Begin(source, isOpenMetrics);
        _fast.Begin(source.Labels);
        var body = source.Body.Span;
        var lines = new LineCursor(body, _window);
        while (lines.MoveNext())
        {
            if (lines.Number % LinesBetweenLooks == 0 && isOver?.Invoke() == true)
                throw new OperationCanceledException("The time limit for this source is over.");
            var isTaken = body[lines.Start] == '#'
                ? _declarations.TryRepeat(lines.Line, lines.Start) || TryReadMetadata(lines)
                : TryReadPlainSample(body, lines) || TryReadOtherSample(lines.Line, lines.IsValidUtf8);
            if (!isTaken)
                return false;
        }

        _declarations.End();
        source.Summary.IsOpenMetrics = isOpenMetrics;
        return true;
    }

    /// <summary>Reads a line if it is canonical text. Any other line is left to the caller.</summary>
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

    private bool TryReadOtherSample(ReadOnlySpan<byte> line, bool isValidUtf8)
    {
        var summary = _source.Summary;
        summary.SampleLines++;
        if (ReadSample(line, isValidUtf8, out var name) is { } reason)
        {
            summary.DropSample(reason);
            return true;
        }

        if (summary.Samples == _limits.MaxSamples)
            return false;
        summary.Samples++;
        if ((_sample.Leniencies & (Leniency.InvalidExemplar | Leniency.UnusableExemplar)) != Leniency.None)
            summary.DropExemplar();
        _index.NextSample() = _canonical.Append(_source, line, _sample);
        _index.AddSample(name, continuesSpan: name == _name);
        _name = name;
        _plainStart = -1;
        return true;
    }

    private bool TryReadMetadata(in LineCursor lines)
    {
        var line = lines.Line;
        var metadata = MetadataParser.Parse(line, _isOpenMetrics, takesUnits: true);
        if (metadata.Kind == LineKind.Comment)
            return true;
        if (metadata.Kind == LineKind.Eof)
            _isBehindEof = true;
        else if (_isBehindEof)
            _source.Summary.DropMetadata(ExpositionErrorReason.AfterEof);
        else if (lines.IsValidUtf8)
            return _declarations.TryRead(line, lines.Start, metadata);
        else if (_isOpenMetrics || metadata.Kind != LineKind.Unit)
            _source.Summary.DropMetadata(ExpositionErrorReason.InvalidUtf8);
        return true;
    }

    // Returns the error of a line, or the name of its sample.
    private ExpositionErrorReason? ReadSample(ReadOnlySpan<byte> line, bool isValidUtf8, out int name)
    {
        name = -1;
        if (_isBehindEof)
            return ExpositionErrorReason.AfterEof;
        if (!isValidUtf8)
            return ExpositionErrorReason.InvalidUtf8;
        if (SampleParser.Parse(line, _isOpenMetrics, _limits, _sample) is { } reason)
            return reason;
        return FindName(line[_sample.NameStart.._sample.NameEnd], _sample.IsNameQuoted, out name) ? null : ExpositionErrorReason.ReservedName;
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
        var isReserved = ReservedNames.IsReserved(name, _reservedPrefix);
        if (isReserved && !_source.AllowsReservedNames)
            return false;
        _source.HasForeignNames |= !isReserved;

        found = _index.NameOf(name);
        _declarations.NoteSample(found);
        return true;
    }
}
