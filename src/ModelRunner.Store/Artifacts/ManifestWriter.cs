using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ModelRunner.Store.Artifacts;

/// <summary>Writes manifests. Equal input gives equal bytes, and so an equal digest.</summary>
internal static class ManifestWriter
{
    // The files are JSON, not HTML: "+json" needs no escape.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the manifest of an artifact in Docker's format, version 0.1.</summary>
    public static byte[] Write(Descriptor config, IReadOnlyList<Descriptor> layers)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer, Options);
        json.WriteStartObject();
        json.WriteNumber("schemaVersion", 2);
        json.WriteString("mediaType", MediaTypes.OciManifest);
        json.WritePropertyName("config");
        Write(json, config);
        json.WriteStartArray("layers");
        foreach (Descriptor layer in layers)
            Write(json, layer);
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The same manifest with another configuration of the same type. All other members stay as they are, also unknown ones.</summary>
    /// <param name="bytes">A manifest that <see cref="ManifestReader"/> has read.</param>
    /// <param name="config">The configuration.</param>
    public static byte[] WithConfig(ReadOnlyMemory<byte> bytes, Descriptor config)
    {
        using var document = JsonDocument.Parse(bytes);
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer, Options);
        json.WriteStartObject();
        foreach (JsonProperty member in document.RootElement.EnumerateObject())
        {
            if (!member.NameEquals("config"))
            {
                member.WriteTo(json);
                continue;
            }

            json.WritePropertyName("config");
            Write(json, config);
        }

        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter json, Descriptor file)
    {
        json.WriteStartObject();
        json.WriteString("mediaType", file.MediaType);
        json.WriteNumber("size", file.Size);
        json.WriteString("digest", file.Digest.ToString());
        json.WriteEndObject();
    }
}
