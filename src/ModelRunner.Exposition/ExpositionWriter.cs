using System.Buffers;
using System.Text;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition;

/// <summary>
/// Writes families of our own in text 0.0.4. The names must be valid; the label values and the help may hold any text. It holds nothing back:
/// what a call writes is in the buffer when the call returns.
/// </summary>
public sealed class ExpositionWriter(IBufferWriter<byte> output)
{
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
            throw new ArgumentException($"'{name}' is not a metric name: use letters, digits, underscores and colons, not a digit first.", nameof(name));
        _family = bytes;
        output.Write("# HELP "u8);
        output.Write(bytes);
        output.Write(" "u8);
        Escapes.AppendHelp(output, Utf8(help));
        output.Write("\n# TYPE "u8);
        output.Write(bytes);
        output.Write(" "u8);
        output.Write(MetricTypes.TextName(type));
        output.Write("\n"u8);
    }

    /// <summary>Writes one sample of the family that was begun. A label with an empty value is left out.</summary>
    public void WriteSample(double value, params ReadOnlySpan<KeyValuePair<string, string>> labels) => WriteSample("", value, labels);

    /// <summary>Writes one sample whose name is the family's with a suffix, such as <c>_bucket</c>.</summary>
    /// <exception cref="InvalidOperationException">No family was begun.</exception>
    public void WriteSample(string suffix, double value, params ReadOnlySpan<KeyValuePair<string, string>> labels)
    {
        if (_family.Length == 0)
            throw new InvalidOperationException("Begin a family before its samples.");
        output.Write(_family);
        if (!string.IsNullOrEmpty(suffix))
            output.Write(Utf8(suffix));
        var separator = "{"u8;
        foreach (var (name, text) in labels)
        {
            if (string.IsNullOrEmpty(text))
                continue;
            output.Write(separator);
            output.Write(Utf8(name));
            output.Write("=\""u8);
            Escapes.AppendLabelValue(output, Utf8(text));
            output.Write("\""u8);
            separator = ","u8;
        }

        output.Write(separator[0] == '{' ? " "u8 : "} "u8);
        Numbers.Append(output, value);
        output.Write("\n"u8);
    }

    // Unpaired surrogates become U+FFFD here, so that what is written is always valid UTF-8.
    private ReadOnlySpan<byte> Utf8(string text)
    {
        _scratch.Clear();
        var span = _scratch.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length));
        return span[..Encoding.UTF8.GetBytes(text, span)];
    }
}
