using System.Text.Json;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Artifacts;

/// <summary>
/// Reads manifests and lists of manifests. Bounded: at most <see cref="MaxBytes"/> bytes, <see cref="MaxLayers"/> layers and 16 levels of JSON.
/// </summary>
internal static class ManifestReader
{
    /// <summary>The largest manifest in bytes. Registries accept at least this size (OCI distribution specification, "Pushing Manifests").</summary>
    public const int MaxBytes = 4 * 1024 * 1024;

    /// <summary>The most files of one artifact. A model of 1,000 parts is the largest that llama.cpp names.</summary>
    public const int MaxLayers = 2048;

    private const int MaxMediaType = 255;
    private const int MaxPath = 1024;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 16 };

    /// <summary>Reads the manifest of an artifact.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="problem">A clause that follows "the manifest"; null if it is valid.</param>
    public static ArtifactManifest? TryRead(ReadOnlyMemory<byte> bytes, out string? problem)
    {
        using JsonDocument? document = Parse(bytes, out problem);
        if (document is null)
            return null;
        if (!TryReadDescriptor(document.RootElement, "config", out Descriptor? config, out problem))
            return null;
        if (ReadList(document.RootElement, "layers", out problem) is not { } layers)
            return null;
        return new ArtifactManifest(config!, layers);
    }

    /// <summary>Reads a list of manifests. Null where the file is no such list; the problem is a clause that follows "the list of manifests".</summary>
    public static IReadOnlyList<Descriptor>? TryReadIndex(ReadOnlyMemory<byte> bytes, out string? problem)
    {
        using JsonDocument? document = Parse(bytes, out problem);
        return document is null ? null : ReadList(document.RootElement, "manifests", out problem);
    }

    private static JsonDocument? Parse(ReadOnlyMemory<byte> bytes, out string? problem)
    {
        problem = null;
        if (bytes.Length > MaxBytes)
        {
            problem = $"is larger than {MaxBytes} bytes";
            return null;
        }

        try
        {
            JsonDocument document = JsonDocument.Parse(bytes, Options);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                return document;
            document.Dispose();
            problem = "is no JSON object";
        }
        catch (JsonException)
        {
            problem = "is not JSON";
        }

        return null;
    }

    private static Descriptor[]? ReadList(JsonElement root, string name, out string? problem)
    {
        if (!root.TryGetProperty(name, out JsonElement list) || list.ValueKind != JsonValueKind.Array)
        {
            problem = $"has no list \"{name}\"";
            return null;
        }

        if (list.GetArrayLength() > MaxLayers)
        {
            problem = $"has {list.GetArrayLength()} entries in \"{name}\"; at most {MaxLayers} are read";
            return null;
        }

        var entries = new List<Descriptor>(list.GetArrayLength());
        foreach (JsonElement entry in list.EnumerateArray())
        {
            if (!TryReadDescriptor(entry, out Descriptor? descriptor))
            {
                problem = $"has an entry in \"{name}\" without a valid mediaType, digest and size";
                return null;
            }

            entries.Add(descriptor!);
        }

        problem = null;
        return [.. entries];
    }

    private static bool TryReadDescriptor(JsonElement root, string name, out Descriptor? descriptor, out string? problem)
    {
        descriptor = null;
        bool isValid = root.TryGetProperty(name, out JsonElement element) && TryReadDescriptor(element, out descriptor);
        problem = isValid ? null : $"has no valid \"{name}\"";
        return isValid;
    }

    private static bool TryReadDescriptor(JsonElement element, out Descriptor? descriptor)
    {
        descriptor = null;
        if (element.ValueKind != JsonValueKind.Object || Text(element, "mediaType") is not { Length: > 0 and <= MaxMediaType } mediaType
            || !Digest.TryParse(Text(element, "digest"), out Digest digest)
            || !element.TryGetProperty("size", out JsonElement number) || number.ValueKind != JsonValueKind.Number
            || !number.TryGetInt64(out long size) || size is < 0 or > Descriptor.MaxSize)
            return false;

        JsonElement annotations = element.TryGetProperty("annotations", out JsonElement found) ? found : default;
        string? path = annotations.ValueKind == JsonValueKind.Object ? Text(annotations, MediaTypes.FilePath) : null;
        descriptor = new Descriptor(mediaType, digest, size)
        {
            FilePath = path is { Length: <= MaxPath } ? path : null,
            Origin = annotations.ValueKind == JsonValueKind.Object ? ReadOrigin(annotations) : null,
            ArtifactType = Text(element, "artifactType"),
            Platform = ReadPlatform(element),
        };
        return true;
    }

    private static HubFile? ReadOrigin(JsonElement annotations) => Text(annotations, MediaTypes.Title) is { Length: > 0 and <= MaxPath } path
        ? new HubFile(Text(annotations, MediaTypes.Revision) ?? HubFile.Main, path)
        : null;

    private static string? ReadPlatform(JsonElement element) =>
        element.TryGetProperty("platform", out JsonElement platform) && platform.ValueKind == JsonValueKind.Object
            ? $"{Text(platform, "os")}/{Text(platform, "architecture")}"
            : null;

    private static string? Text(JsonElement element, string name)
    {
        if (!element.TryGetProperty(name, out JsonElement text) || text.ValueKind != JsonValueKind.String)
            return null;
        try
        {
            return text.GetString();
        }
        catch (InvalidOperationException)
        {
            // The text holds half of a surrogate pair.
            return null;
        }
    }
}
