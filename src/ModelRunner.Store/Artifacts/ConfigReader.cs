using System.Globalization;
using System.Text.Json;

namespace ModelRunner.Store.Artifacts;

/// <summary>Reads configurations: Docker's, versions 0.1 and 0.2, and CNCF's. Members of other types and kinds are ignored.</summary>
internal static class ConfigReader
{
    /// <summary>The largest configuration in bytes. Docker's holds the metadata of the GGUF file, which includes no list over 50 entries.</summary>
    public const int MaxBytes = 4 * 1024 * 1024;

    private const int MaxText = 200;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 32 };

    /// <summary>Reads a configuration. One that is not JSON says nothing.</summary>
    public static ArtifactConfig Read(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes, Options);
            return document.RootElement.ValueKind == JsonValueKind.Object ? Read(document.RootElement) : new ArtifactConfig();
        }
        catch (JsonException)
        {
            return new ArtifactConfig();
        }
    }

    /// <summary>Reads what a configuration of Docker says of the header of the GGUF file, by name. One that is not JSON says nothing.</summary>
    public static IReadOnlyDictionary<string, string> ReadMetadata(ReadOnlyMemory<byte> bytes)
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes, Options);
            if (Member(Member(document.RootElement, "config"), "gguf") is { ValueKind: JsonValueKind.Object } gguf)
                foreach (JsonProperty entry in gguf.EnumerateObject())
                    Add(metadata, entry);
        }
        catch (JsonException)
        {
            metadata.Clear();
        }

        return metadata;
    }

    private static void Add(Dictionary<string, string> metadata, JsonProperty entry)
    {
        try
        {
            if (entry.Value.ValueKind == JsonValueKind.String)
                metadata[entry.Name] = entry.Value.GetString() ?? "";
        }
        catch (InvalidOperationException)
        {
            // The name or the text holds half of a surrogate pair.
        }
    }

    private static ArtifactConfig Read(JsonElement root)
    {
        JsonElement config = Member(root, "config");
        JsonElement descriptor = Member(root, "descriptor");
        return new ArtifactConfig
        {
            Format = Text(config, "format"),
            Quantization = Text(config, "quantization"),
            Parameters = Text(config, "parameters") is { Length: > 0 } parameters ? parameters : Text(config, "paramSize"),
            Architecture = Text(config, "architecture"),
            Size = Text(config, "size"),
            ContextSize = Tokens(config, "context_size"),
            TrainedContext = Number(Text(Member(config, "gguf"), $"{Text(config, "architecture")}.context_length")),
            Created = Time(descriptor, "created") ?? Time(descriptor, "createdAt"),
        };
    }

    private static JsonElement Member(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement member) ? member : default;

    private static string Text(JsonElement element, string name)
    {
        if (Member(element, name) is not { ValueKind: JsonValueKind.String } member)
            return "";
        try
        {
            string text = member.GetString() ?? "";
            return text.Length <= MaxText ? text : "";
        }
        catch (InvalidOperationException)
        {
            // The text holds half of a surrogate pair.
            return "";
        }
    }

    private static int? Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;

    private static int? Tokens(JsonElement element, string name) =>
        Member(element, name) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt32(out int tokens) && tokens > 0 ? tokens : null;

    private static DateTimeOffset? Time(JsonElement element, string name) =>
        DateTimeOffset.TryParse(Text(element, name), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time) ? time : null;
}
