using System.Globalization;
using System.Text.Json;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.HuggingFace;

/// <summary>
/// The artifact that stands for files of a repository, in Docker's format 0.1, as Docker Model Runner packs them. It depends on the files only, so
/// the same files always have the same id.
/// </summary>
/// <param name="Config">The bytes of the configuration.</param>
/// <param name="Manifest">The bytes of the manifest.</param>
internal sealed record HubArtifact(byte[] Config, byte[] Manifest)
{
    /// <summary>Makes it.</summary>
    /// <param name="model">The model; all its files have digests.</param>
    /// <param name="projector">Its image projector; null: none.</param>
    /// <param name="revision">The revision that a person wrote; null: the main branch.</param>
    public static HubArtifact Make(RepositoryModel model, RepositoryFile? projector, string? revision = null)
    {
        List<(string Type, RepositoryFile File)> layers = [.. model.Files.Select(static file => (MediaTypes.Gguf, file))];
        if (projector is not null)
            layers.Add((MediaTypes.Projector, projector));
        byte[] config = Write(json => WriteConfig(json, model, layers));
        byte[] manifest = Write(json =>
        {
            json.WriteNumber("schemaVersion"u8, 2);
            json.WriteString("mediaType"u8, MediaTypes.OciManifest);
            json.WriteStartObject("config"u8);
            WriteDescriptor(json, MediaTypes.ConfigV1, ContentHash.Of(config), config.Length, null, null);
            json.WriteStartArray("layers"u8);
            foreach ((string type, RepositoryFile file) in layers)
            {
                json.WriteStartObject();
                WriteDescriptor(json, type, file.Digest!.Value, file.Size, file.Path, revision);
            }

            json.WriteEndArray();
        });
        return new HubArtifact(config, manifest);
    }

    private static void WriteConfig(Utf8JsonWriter json, RepositoryModel model, List<(string Type, RepositoryFile File)> layers)
    {
        json.WriteStartObject("config"u8);
        json.WriteString("format"u8, "gguf");
        if (QuantizationRank.IsQuantization(model.Quantization))
            json.WriteString("quantization"u8, model.Quantization);
        json.WriteString("size"u8, string.Create(CultureInfo.InvariantCulture, $"{model.Size / 1048576.0:0.00}MiB"));
        json.WriteEndObject();
        json.WriteStartObject("descriptor"u8);
        json.WriteEndObject();
        json.WriteStartObject("rootfs"u8);
        json.WriteString("type"u8, "rootfs");
        json.WriteStartArray("diff_ids"u8);
        foreach ((string _, RepositoryFile file) in layers)
            json.WriteStringValue(file.Digest!.Value.ToString());
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteDescriptor(Utf8JsonWriter json, string type, Digest digest, long size, string? path, string? revision)
    {
        json.WriteString("mediaType"u8, type);
        json.WriteString("digest"u8, digest.ToString());
        json.WriteNumber("size"u8, size);
        if (path is not null)
        {
            json.WriteStartObject("annotations"u8);
            json.WriteString(MediaTypes.Title, path);
            if (revision is not null)
                json.WriteString(MediaTypes.Revision, revision);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static byte[] Write(Action<Utf8JsonWriter> write)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }
}
