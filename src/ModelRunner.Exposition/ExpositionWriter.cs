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
