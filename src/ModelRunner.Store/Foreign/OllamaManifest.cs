using System.Text.Json;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Foreign;

/// <summary>A manifest of Ollama: the configuration of a model and its layers. Digests are checked before they become paths.</summary>
/// <param name="Config">The digest of the configuration; null: none.</param>
/// <param name="Layers">The layers in their order: the end of the media type, the digest, the bytes.</param>
internal sealed record OllamaManifest(Digest? Config, IReadOnlyList<(string Kind, Digest Digest, long SizeBytes)> Layers)
{
    private const string Prefix = "application/vnd.ollama.image.";
    private const int MaxLayers = 10_000;

    /// <summary>Reads a manifest; null if it is not complete or not valid. Ollama writes it in place, so it may be cut short.</summary>
    public static OllamaManifest? Parse(byte[] content)
    {
        try
        {
            return JsonDocuments.Read(content, Read);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The digests of all its files, each once.</summary>
    public IEnumerable<Digest> Files =>
        Layers.Select(static layer => layer.Digest).Concat(Config is { } config ? [config] : []).Distinct();

    /// <summary>The layers of one kind, for example <c>model</c>, each file once.</summary>
    public IEnumerable<(string Kind, Digest Digest, long SizeBytes)> Of(string kind) =>
        Layers.Where(layer => layer.Kind == kind).DistinctBy(static layer => layer.Digest);

    private static OllamaManifest? Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("layers", out JsonElement layers) || layers.ValueKind != JsonValueKind.Array)
            return null;

        var found = new List<(string, Digest, long)>();
        foreach (JsonElement layer in layers.EnumerateArray().Take(MaxLayers))
        {
            if (layer.ValueKind != JsonValueKind.Object || JsonDocuments.Text(layer, "mediaType") is not { } type
                || !Digest.TryParse(JsonDocuments.Text(layer, "digest"), out Digest digest))
                return null;
            bool hasSize = layer.TryGetProperty("size", out JsonElement number) && number.ValueKind == JsonValueKind.Number;
            long size = hasSize && number.TryGetInt64(out long bytes) ? bytes : -1;
            if (type.StartsWith(Prefix, StringComparison.Ordinal))
                found.Add((type[Prefix.Length..], digest, size));
        }

        bool hasConfig = root.TryGetProperty("config", out JsonElement config) && config.ValueKind == JsonValueKind.Object;
        return new OllamaManifest(hasConfig && Digest.TryParse(JsonDocuments.Text(config, "digest"), out Digest of) ? of : null, found);
    }
}
