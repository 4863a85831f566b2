using System.Buffers;
using System.Text;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition;

/// <summary>
/// Writes families of our own in text 0.0.4. The names must be valid; the label values and the help may hold any text. It holds nothing
/// back: what a call writes is in the buffer when the call returns. Not thread-safe.
/// </summary>
public sealed class ExpositionWriter(IBufferWriter<byte> output)
{
    private readonly ByteBuilder _line = new();
    private readonly ByteBuilder _scratch = new();
    private byte[] _family = [];

    /// <summary>Begins a family: its HELP and TYPE lines.</summary>
    /// <param name="name">The family's name; for a histogram the name without <c>_bucket</c>.</param>
    /// <param name="type">The type. Those that only OpenMetrics knows are written as gauge, or as untyped for a gauge histogram.</param>
    /// <param name="help">One line for people; line feeds are escaped.</param>
    /// <exception cref="ArgumentException">The name needs quotes.</exception>
    public void BeginFamily(string name, MetricType type, string help)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(help);
        var bytes = Encoding.UTF8.GetBytes(name);
        if (!Characters.IsMetricName(bytes))
            throw new ArgumentException($"'{name}' is no metric name: use letters, digits, underscores and colons, no digit first.", nameof(name));
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
    /// Begins a family that has a unit: its HELP, TYPE and UNIT lines. UNIT is a comment in text 0.0.4; <see cref="ExpositionMerger"/> reads it
    /// and writes it in OpenMetrics.
    /// </summary>
    /// <param name="name">As for <see cref="BeginFamily(string, MetricType, string)"/>.</param>
    /// <param name="type">As there; an info or a state set has no unit.</param>
    /// <param name="help">As there.</param>
    /// <param name="unit">The unit, such as <c>seconds</c>: the name ends in it, or a counter's in it and <c>_total</c>.</param>
    /// <exception cref="ArgumentException">The name needs quotes or does not end in the unit, or the type can have none.</exception>
    public void BeginFamily(string name, MetricType type, string help, string unit)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(unit);
        var bytes = Encoding.UTF8.GetBytes(unit);
        if (!MetricTypes.HasUnit(type))
            throw new ArgumentException($"'{name}' can have no unit: OpenMetrics knows none of infos and state sets.", nameof(unit));
        if (!Units.IsUnitOfAny(Encoding.UTF8.GetBytes(name), bytes))
            throw new ArgumentException($"'{unit}' is no unit of '{name}': the name must end in it, behind an underscore.", nameof(unit));
        BeginFamily(name, type, help);
        _line.Clear();
        _line.Append("# UNIT "u8);
        _line.Append(_family);
        _line.Append((byte)' ');
        _line.Append(bytes);
        _line.Append((byte)'\n');
        output.Write(_line.Written);
    }

    /// <summary>Writes one sample of the family that was begun. A label with an empty value is left out.</summary>
    /// <exception cref="InvalidOperationException">No family was begun.</exception>
    public void WriteSample(double value, params ReadOnlySpan<KeyValuePair<string, string>> labels) => Write("", null, value, labels);

    /// <summary>Writes one sample whose name is the family's with a suffix, such as <c>_bucket</c>.</summary>
    /// <exception cref="InvalidOperationException">No family was begun.</exception>
    public void WriteSample(string suffix, double value, params ReadOnlySpan<KeyValuePair<string, string>> labels) =>
        Write(suffix, null, value, labels);

    /// <summary>Writes one sample with the labels of a target, which are encoded already, before those that are given.</summary>
    /// <exception cref="InvalidOperationException">No family was begun.</exception>
    public void WriteSample(TargetLabels target, double value, params ReadOnlySpan<KeyValuePair<string, string>> labels) =>
        Write("", target, value, labels);

    /// <summary>
    /// Writes one sample with a suffix and with the labels of a target, which are encoded already, before those that are given.
    /// </summary>
    /// <exception cref="InvalidOperationException">No family was begun.</exception>
    public void WriteSample(string suffix, TargetLabels target, double value, params ReadOnlySpan<KeyValuePair<string, string>> labels) =>
        Write(suffix, target, value, labels);

    private void Write(string suffix, TargetLabels? target, double value, ReadOnlySpan<KeyValuePair<string, string>> labels)
    {
        if (_family.Length == 0)
            throw new InvalidOperationException("Begin a family before its samples.");
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
        _line.Append((byte)'\n');
        output.Write(_line.Written);
    }

    // Unpaired surrogates become U+FFFD here, so that what is written is always valid UTF-8.
    private ReadOnlySpan<byte> Utf8(string text)
    {
        _scratch.Clear();
        var span = _scratch.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length));
        return span[..Encoding.UTF8.GetBytes(text, span)];
    }
}
