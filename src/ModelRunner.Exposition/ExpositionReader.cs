using ModelRunner.Exposition.Reading;
using ModelRunner.Exposition.Reading.Kernels;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition;

/// <summary>
/// Reads a body entry by entry, without an allocation for each entry. <see cref="Read"/> moves to the next entry and sets <see cref="Kind"/>;
/// the accessors return its parts. The merger uses the same parsers. Not thread-safe.
/// </summary>
/// <remarks>
/// Spans are borrowed: they point into the body, or into a buffer of the reader if escapes were decoded. They are valid until the next call of
/// <see cref="Read"/>. The body must not change while the reader is used. Accessors that do not apply to the current kind return data of an
/// earlier entry or an empty value; they do not throw.
/// </remarks>
public ref struct ExpositionReader
{
    private readonly ReadOnlySpan<byte> _body;
    private readonly ExpositionLimits _limits;
    private readonly SampleLine _sample = new();
    private readonly ByteBuilder _decoded = new();
    private readonly bool _isOpenMetrics;
    private readonly bool _isStrict;
    private LineCursor _lines;
    private MetadataLine _metadata;
    private bool _isBehindEof;
    private bool _isAtEnd;

    /// <summary>Creates a reader at the start of a body.</summary>
    /// <param name="body">The whole body, decoded from any content coding.</param>
    /// <param name="format">The format of the body. It decides how timestamps, the end marker and UNIT lines are read.</param>
    /// <param name="strictness">How lines that violate the format are handled.</param>
    /// <param name="limits">
    /// The limits of labels; null: the defaults. <see cref="ExpositionLimits.MaxSamples"/> is not checked by the reader.
    /// </param>
    public ExpositionReader(
        ReadOnlySpan<byte> body,
        ExpositionFormat format,
        ExpositionStrictness strictness = ExpositionStrictness.Lenient,
        ExpositionLimits? limits = null)
    {
        _body = body;
        _limits = limits ?? new ExpositionLimits();
        _isOpenMetrics = format == ExpositionFormat.OpenMetrics100;
        _isStrict = strictness == ExpositionStrictness.Strict;
        _lines = new LineCursor(body, new MaskWindow(BlockClassifier.Best));
    }

    /// <summary>The kind of the current entry.</summary>
    public ExpositionEntryKind Kind { get; private set; }

    /// <summary>The number of the current line, from 1.</summary>
    public readonly int LineNumber => _lines.Number;

    /// <summary>The current line, without its line end and without leading and trailing blanks. For all kinds.</summary>
    public readonly ReadOnlySpan<byte> Line => _lines.Line;

    /// <summary>Why the line cannot be parsed. For <see cref="ExpositionEntryKind.Error"/>.</summary>
    public ExpositionErrorReason Error { get; private set; }

    /// <summary>The metric name, without quotes and with escapes decoded. For samples, HELP, TYPE and UNIT.</summary>
    public readonly ReadOnlySpan<byte> Name => Kind == ExpositionEntryKind.Sample
        ? Decode(_sample.NameStart, _sample.NameEnd, quotes: true)
        : Decode(_metadata.NameStart, _metadata.NameEnd, quotes: true);

    /// <summary>The help text with escapes decoded, or the unit. For HELP and UNIT.</summary>
    public readonly ReadOnlySpan<byte> Text => Decode(_metadata.TextStart, _metadata.TextEnd, quotes: _isOpenMetrics);

    /// <summary>The type. For TYPE.</summary>
    public readonly MetricType Type => _metadata.Type;

    /// <summary>The value; every spelling of not-a-number is <see cref="double.NaN"/>. For samples.</summary>
    public readonly double Value => ParseValue(_sample.ValueStart, _sample.ValueEnd, _sample.ValueForm);

    /// <summary>The value as written in the body. For samples.</summary>
    public readonly ReadOnlySpan<byte> ValueText => Line[_sample.ValueStart.._sample.ValueEnd];

    /// <summary>
    /// The timestamp as written in the body: milliseconds in text, seconds in OpenMetrics. Empty if there is none. For samples.
    /// </summary>
    public readonly ReadOnlySpan<byte> TimestampText => Line[_sample.TimestampStart.._sample.TimestampEnd];

    /// <summary>The number of labels, including those with empty values. For samples.</summary>
    public readonly int LabelCount => _sample.Labels.Count;

    /// <summary>Whether the sample has an exemplar. For samples.</summary>
    public readonly bool HasExemplar => _sample.HasExemplar;

    /// <summary>The number of labels of the exemplar.</summary>
    public readonly int ExemplarLabelCount => _sample.ExemplarLabels.Count;

    /// <summary>The value of the exemplar.</summary>
    public readonly double ExemplarValue => ParseValue(_sample.ExemplarValueStart, _sample.ExemplarValueEnd, _sample.ExemplarValueForm);

    /// <summary>The timestamp of the exemplar in seconds, as written in the body; empty if there is none.</summary>
    public readonly ReadOnlySpan<byte> ExemplarTimestampText => Line[_sample.ExemplarTimestampStart.._sample.ExemplarTimestampEnd];

    /// <summary>The name of a label, without quotes and with escapes decoded. Labels are in the order of the line.</summary>
    /// <exception cref="IndexOutOfRangeException">There is no such label.</exception>
    public readonly ReadOnlySpan<byte> LabelName(int index) => NameOf(_sample.Labels.Slots[index]);

    /// <summary>The value of a label with escapes decoded. Unknown escapes are kept as they are.</summary>
    /// <exception cref="IndexOutOfRangeException">There is no such label.</exception>
    public readonly ReadOnlySpan<byte> LabelValue(int index) => ValueOf(_sample.Labels.Slots[index]);

    /// <summary>The name of a label of the exemplar.</summary>
    /// <exception cref="IndexOutOfRangeException">There is no such label.</exception>
    public readonly ReadOnlySpan<byte> ExemplarLabelName(int index) => NameOf(_sample.ExemplarLabels.Slots[index]);

    /// <summary>The value of a label of the exemplar.</summary>
    /// <exception cref="IndexOutOfRangeException">There is no such label.</exception>
    public readonly ReadOnlySpan<byte> ExemplarLabelValue(int index) => ValueOf(_sample.ExemplarLabels.Slots[index]);

    /// <summary>Moves to the next entry. Blank lines are skipped.</summary>
    /// <returns>False at the end of the body, and in strict mode after the first error.</returns>
    public bool Read()
    {
        _decoded.Clear();
        if (_isAtEnd)
        {
            Kind = ExpositionEntryKind.None;
            return false;
        }

        if (!_lines.MoveNext())
            return ReadEnd();
        var error = _lines.Line[0] == '#' ? ReadMetadata(_lines.Line) : ReadSample(_lines.Line);
        if (error is null && _isStrict && _lines.Number == 1 && LineCursor.HasByteOrderMark(_body))
            error = ExpositionErrorReason.InvalidName;
        if (error is not { } reason)
            return true;
        Kind = ExpositionEntryKind.Error;
        Error = reason;
        _isAtEnd = _isStrict;
        return true;
    }

    // An OpenMetrics body without its end marker may be truncated.
    private bool ReadEnd()
    {
        _isAtEnd = true;
        var isCut = _isStrict && _isOpenMetrics && !_isBehindEof;
        Kind = isCut ? ExpositionEntryKind.Error : ExpositionEntryKind.None;
        Error = ExpositionErrorReason.InvalidMetadata;
        return isCut;
    }

    private ExpositionErrorReason? ReadMetadata(ReadOnlySpan<byte> line)
    {
        _metadata = MetadataParser.Parse(line, _isOpenMetrics, takesUnits: _isOpenMetrics);
        Kind = _metadata.Kind switch
        {
            LineKind.Help => ExpositionEntryKind.Help,
            LineKind.Type => ExpositionEntryKind.Type,
            LineKind.Unit => ExpositionEntryKind.Unit,
            LineKind.Eof => ExpositionEntryKind.Eof,
            _ => ExpositionEntryKind.Comment,
        };
        if (_isBehindEof)
            return ExpositionErrorReason.AfterEof;
        _isBehindEof = Kind == ExpositionEntryKind.Eof;
        if (!_lines.IsValidUtf8)
            return ExpositionErrorReason.InvalidUtf8;
        if (_metadata.IsInvalid || (_isStrict && _metadata.Leniencies != Leniency.None))
            return ExpositionErrorReason.InvalidMetadata;
        return null;
    }

    private ExpositionErrorReason? ReadSample(ReadOnlySpan<byte> line)
    {
        Kind = ExpositionEntryKind.Sample;
        if (_isBehindEof)
            return ExpositionErrorReason.AfterEof;
        if (!_lines.IsValidUtf8)
            return ExpositionErrorReason.InvalidUtf8;
        var error = SampleParser.Parse(line, _isOpenMetrics, _limits, _sample);
        if (error is not null || !_isStrict)
            return error;
        return _sample.Leniencies switch
        {
            Leniency.None => null,
            var found when (found & Leniency.SignedNotANumber) != Leniency.None => ExpositionErrorReason.InvalidValue,
            var found when (found & Leniency.MissingComma) != Leniency.None => ExpositionErrorReason.InvalidLabels,
            _ => ExpositionErrorReason.InvalidExemplar,
        };
    }

    private readonly ReadOnlySpan<byte> NameOf(LabelSlot slot) => Decode(slot.NameStart, slot.NameEnd, quotes: true);

    private readonly ReadOnlySpan<byte> ValueOf(LabelSlot slot) => Decode(slot.ValueStart, slot.ValueEnd, quotes: true);

    private readonly ReadOnlySpan<byte> Decode(int start, int end, bool quotes)
    {
        var raw = Line[start..end];
        if (!raw.Contains((byte)'\\'))
            return raw;
        var decoded = _decoded.GetSpan(raw.Length);
        decoded = decoded[..Escapes.Decode(raw, decoded, quotes)];
        _decoded.Advance(decoded.Length);
        return decoded;
    }

    private readonly double ParseValue(int start, int end, NumberForm form) => form switch
    {
        NumberForm.NotANumber or NumberForm.SignedNotANumber => double.NaN,
        NumberForm.PositiveInfinity => double.PositiveInfinity,
        NumberForm.NegativeInfinity => double.NegativeInfinity,
        _ => Numbers.Parse(Line[start..end]),
    };
}
