using System.Buffers;
using System.Text;
using System.Text.Json;
using ModelRunner.Exposition;

namespace ModelRunner.Cli;

/// <summary>
/// Writes a metrics page as JSON: a list of families, each with <c>name</c>, <c>type</c>, <c>help</c> and its <c>samples</c>. Values are
/// strings, because JSON has no NaN and no infinity.
/// </summary>
internal sealed class MetricsJson : IDisposable
{
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly Utf8JsonWriter _json;
    private string? _family;
    private string _type = "untyped";
    private string _help = "";
    private bool _hasSamples;

    private MetricsJson() => _json = new Utf8JsonWriter(_buffer);

    /// <summary>Converts a page in Prometheus text format.</summary>
    public static string Convert(ReadOnlySpan<byte> page)
    {
        using var converter = new MetricsJson();
        return converter.ConvertPage(page);
    }

    public void Dispose() => _json.Dispose();

    private string ConvertPage(ReadOnlySpan<byte> page)
    {
        _json.WriteStartArray();
        var reader = new ExpositionReader(page, ExpositionFormat.Text004);
        while (reader.Read())
        {
            switch (reader.Kind)
            {
                case ExpositionEntryKind.Help:
                    Enter(Encoding.UTF8.GetString(reader.Name));
                    _help = Encoding.UTF8.GetString(reader.Text);
                    break;
                case ExpositionEntryKind.Type:
                    Enter(Encoding.UTF8.GetString(reader.Name));
                    _type = reader.Type.ToString().ToLowerInvariant();
                    break;
                case ExpositionEntryKind.Sample:
                    WriteSample(ref reader);
                    break;
                default:
                    break;
            }
        }

        Leave();
        _json.WriteEndArray();
        _json.Flush();
        return Encoding.UTF8.GetString(_buffer.WrittenSpan);
    }

    private void Enter(string family)
    {
        if (_family == family && !_hasSamples)
            return;

        Leave();
        (_family, _type, _help) = (family, "untyped", "");
    }

    private void Leave()
    {
        if (_family is null)
            return;
        if (!_hasSamples)
            BeginFamily();
        _json.WriteEndArray();
        _json.WriteEndObject();
        (_family, _hasSamples) = (null, false);
    }

    private void BeginFamily()
    {
        _json.WriteStartObject();
        _json.WriteString("name"u8, _family);
        _json.WriteString("type"u8, _type);
        _json.WriteString("help"u8, _help);
        _json.WriteStartArray("samples"u8);
        _hasSamples = true;
    }

    private void WriteSample(ref ExpositionReader reader)
    {
        string name = Encoding.UTF8.GetString(reader.Name);
        if (_family is null || (name != _family && !name.StartsWith(_family + "_", StringComparison.Ordinal)))
        {
            Leave();
            (_family, _type, _help) = (name, "untyped", "");
        }

        if (!_hasSamples)
            BeginFamily();
        _json.WriteStartObject();
        _json.WriteString("name"u8, name);
        _json.WriteStartObject("labels"u8);
        for (int i = 0; i < reader.LabelCount; i++)
            _json.WriteString(reader.LabelName(i), reader.LabelValue(i));
        _json.WriteEndObject();
        _json.WriteString("value"u8, reader.ValueText);
        if (!reader.TimestampText.IsEmpty)
            _json.WriteString("timestamp"u8, reader.TimestampText);
        _json.WriteEndObject();
    }
}
