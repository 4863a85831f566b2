using System.Buffers;
using System.Text;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition;

/// <summary>
/// Writes the caller's own families in text 0.0.4. Names must be valid; label values and help texts may be any text. Nothing is buffered: each
/// call writes all of its output. Not thread-safe.
/// </summary>
public sealed class ExpositionWriter(IBufferWriter<byte> output)
{
    private readonly ByteBuilder _line = new();
    private readonly ByteBuilder _scratch = new();
    private byte[] _family = [];

    /// <summary>Begins a family: its HELP and TYPE lines.</summary>
    /// <param name="name">The name of the family; for a histogram without <c>_bucket</c>.</param>
    /// <param name="type">The type. Types that only OpenMetrics has are written as gauge, a gauge histogram as untyped.</param>
    /// <param name="help">The help text. Line feeds are escaped.</param>
    /// <exception cref="ArgumentException">The name is not a classic metric name.</exception>
    public void BeginFamily(string name, MetricType type, string help)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(help);
        var bytes = Encoding.UTF8.GetBytes(name);
        if (!Characters.IsMetricName(bytes))
            throw new ArgumentException($"'{name}' is not a metric name: use letters, digits, underscores and colons, no digit first.", nameof(name));
        _family = bytes;
        _line.Clear();
        _line.Append("# HELP "u8);
        _line.Append(bytes);
        _line.Append((byte)' ');
        Escapes.AppendHelp(_line, Utf8(help));
        _line.Append("\n# TYPE "u8);
        _line.Append(bytes);
        _line.Append((byte)' ');
        _line.Append(MetricTypes.TextName(type));
        _line.Append((byte)'\n');
        output.Write(_line.Written);
    }

    /// <summary>
    /// Begins a family with a unit: its HELP, TYPE and UNIT lines. In text 0.0.4 UNIT is a comment; <see cref="ExpositionMerger"/> reads it and
    /// writes it in OpenMetrics.
    /// </summary>
    /// <param name="name">As for <see cref="BeginFamily(string, MetricType, string)"/>.</param>
    /// <param name="type">As there. An info or a state set has no unit.</param>
    /// <param name="help">As there.</param>
    /// <param name="unit">The unit, such as <c>seconds</c>. The name must end in it, the name of a counter in it and <c>_total</c>.</param>
    /// <exception cref="ArgumentException">
    /// The name is not a classic metric name or does not end in the unit, or the type cannot have a unit.
    /// </exception>
    public void BeginFamily(string name, MetricType type, string help, string unit)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(unit);
        var bytes = Encoding.UTF8.GetBytes(unit);
        if (!MetricTypes.HasUnit(type))
            throw new ArgumentException($"'{name}' cannot have a unit: OpenMetrics allows none for infos and state sets.", nameof(unit));
        if (!Units.IsUnitOfAny(Encoding.UTF8.GetBytes(name), bytes))
            throw new ArgumentException($"'{unit}' is not a unit of '{name}': the name must end in an underscore and the unit.", nameof(unit));
        BeginFamily(name, type, help);
        _line.Clear();
        _line.Append("# UNIT "u8);
        _line.Append(_family);
        _line.Append((byte)' ');
        _line.Append(bytes);
        _line.Append((byte)'\n');
        output.Write(_line.Written);
    }

    /// <summary>Writes one sample of the current family. A label with an empty value is left out.</summary>
    /// <exception cref="InvalidOperationException">No family was begun.</exception>
    public void WriteSample(double value, params ReadOnlySpan<KeyValuePair<string, string>> labels) => Write("", null, value, null, labels);

    /// <summary>Writes one sample whose name is the family's with a suffix, such as <c>_bucket</c>.</summary>
    /// <exception cref="InvalidOperationException">No family was begun.</exception>
    public void WriteSample(string suffix, double value, params ReadOnlySpan<KeyValuePair<string, string>> labels) =>
        Write(suffix, null, value, null, labels);

    /// <summary>Writes one sample with the labels of a target, which are already encoded, followed by the given labels.</summary>
    /// <exception cref="InvalidOperationException">No family was begun.</exception>
    public void WriteSample(TargetLabels target, double value, params ReadOnlySpan<KeyValuePair<string, string>> labels) =>
        Write("", target, value, null, labels);

    /// <summary>
    /// Writes one sample with a suffix and with the labels of a target, which are already encoded, followed by the given labels.
    /// </summary>
    /// <exception cref="InvalidOperationException">No family was begun.</exception>
    public void WriteSample(string suffix, TargetLabels target, double value, params ReadOnlySpan<KeyValuePair<string, string>> labels) =>
        Write(suffix, target, value, null, labels);

    /// <summary>
    /// Writes one sample as the overload without an exemplar, and its exemplar. Text 0.0.4 has no exemplars, so such a line is for
    /// <see cref="ExpositionMerger"/> only, which writes the exemplar in OpenMetrics.
    /// </summary>
    /// <exception cref="InvalidOperationException">No family was begun.</exception>
    public void WriteSample(
        string suffix, TargetLabels target, double value, Exemplar exemplar, params ReadOnlySpan<KeyValuePair<string, string>> labels)
    {
        ArgumentNullException.ThrowIfNull(exemplar);
        Write(suffix, target, value, exemplar, labels);
    }

    private void Write(string suffix, TargetLabels? target, double value, Exemplar? exemplar, ReadOnlySpan<KeyValuePair<string, string>> labels)
    {
        if (_family.Length == 0)
            throw new InvalidOperationException("Call BeginFamily before WriteSample.");
        _line.Clear();
        _line.Append(_family);
        if (!string.IsNullOrEmpty(suffix))
            _line.Append(Utf8(suffix));
        var separator = (byte)'{';
        if (target is { Encoded.Length: > 0 })
        {
            _line.Append(separator);
            _line.Append(target.Encoded);
            separator = (byte)',';
        }

        foreach (var (name, text) in labels)
        {
            if (string.IsNullOrEmpty(text))
                continue;
            _line.Append(separator);
            separator = (byte)',';
            _line.Append(Utf8(name));
            _line.Append("=\""u8);
            Escapes.AppendLabelValue(_line, Utf8(text));
            _line.Append((byte)'"');
        }

        _line.Append(separator == '{' ? " "u8 : "} "u8);
        Numbers.Append(_line, value);
        if (exemplar is not null)
            AppendExemplar(exemplar);
        _line.Append((byte)'\n');
        output.Write(_line.Written);
    }

    private void AppendExemplar(Exemplar exemplar)
    {
        _line.Append(" # {"u8);
        _line.Append(Utf8(exemplar.LabelName));
        _line.Append("=\""u8);
        Escapes.AppendLabelValue(_line, Utf8(exemplar.LabelValue));
        _line.Append("\"} "u8);
        Numbers.Append(_line, exemplar.Value);
        _line.Append((byte)' ');
        Numbers.Append(_line, exemplar.Timestamp.ToUnixTimeMilliseconds() / 1000.0);
    }

    // Unpaired surrogates become U+FFFD, so the output is always valid UTF-8.
    private ReadOnlySpan<byte> Utf8(string text)
    {
        _scratch.Clear();
        var span = _scratch.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length));
        return span[..Encoding.UTF8.GetBytes(text, span)];
    }
}
