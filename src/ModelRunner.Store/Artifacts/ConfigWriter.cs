using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Artifacts;

/// <summary>Writes configurations in Docker's format, version 0.1. Equal input gives equal bytes, and so an equal digest.</summary>
internal static class ConfigWriter
{
    // The files are JSON, not HTML: "+json" needs no escape.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the configuration of a model.</summary>
    /// <param name="config">What is said of the model.</param>
    /// <param name="metadata">The metadata of its GGUF file, in the order in which it is written.</param>
    /// <param name="layers">The digests of its layers, in order.</param>
    public static byte[] Write(ArtifactConfig config, IEnumerable<KeyValuePair<string, string>> metadata, IReadOnlyList<Digest> layers)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer, Options);
        json.WriteStartObject();
        json.WriteStartObject("config");
        WriteText(json, "format", config.Format);
        WriteText(json, "quantization", config.Quantization);
        WriteText(json, "parameters", config.Parameters);
        WriteText(json, "architecture", config.Architecture);
        WriteText(json, "size", config.Size);
        json.WriteStartObject("gguf");
        foreach ((string key, string value) in metadata)
            json.WriteString(key, value);
        json.WriteEndObject();
        if (config.ContextSize is { } tokens)
            json.WriteNumber("context_size", tokens);
        json.WriteEndObject();
        json.WriteStartObject("descriptor");
        if (config.Created is { } created)
            json.WriteString("created", created.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        json.WriteEndObject();
        json.WriteStartObject("rootfs");
        json.WriteString("type", "rootfs");
        json.WriteStartArray("diff_ids");
        foreach (Digest layer in layers)
            json.WriteStringValue(layer.ToString());
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The same configuration with another context. All other members stay as they are, also unknown ones.</summary>
    /// <param name="bytes">The configuration.</param>
    /// <param name="tokens">The context in tokens.</param>
    /// <exception cref="JsonException">It is no JSON object, or has a text that is not Unicode.</exception>
    public static byte[] WithContext(ReadOnlyMemory<byte> bytes, int tokens) => JsonDocuments.Read(bytes, root =>
    {
        if (root.ValueKind != JsonValueKind.Object)
            throw new JsonException("it is no object");
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer, Options);
        json.WriteStartObject();
        json.WriteStartObject("config");
        if (root.TryGetProperty("config", out JsonElement config) && config.ValueKind == JsonValueKind.Object)
            Copy(json, config, "context_size");
        json.WriteNumber("context_size", tokens);
        json.WriteEndObject();
        Copy(json, root, "config");
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    });

    private static void Copy(Utf8JsonWriter json, JsonElement element, string except)
    {
        foreach (JsonProperty member in element.EnumerateObject())
        {
            if (!member.NameEquals(except))
                member.WriteTo(json);
        }
    }

    private static void WriteText(Utf8JsonWriter json, string name, string text)
    {
        if (text.Length > 0)
            json.WriteString(name, text);
    }
}
