using System.Globalization;
using System.Text;

namespace ModelRunner.Testing.Registries;

/// <summary>A small model in a registry, with a configuration and one layer, as Docker Model Runner pushes it.</summary>
/// <param name="Repository">Its repository.</param>
/// <param name="Tag">Its tag.</param>
/// <param name="Manifest">The bytes of its manifest.</param>
/// <param name="Config">The bytes of its configuration.</param>
/// <param name="Layer">The bytes of its layer.</param>
internal sealed record RegistryModel(string Repository, string Tag, byte[] Manifest, byte[] Config, byte[] Layer)
{
    public const string MediaType = "application/vnd.oci.image.manifest.v1+json";

    public string ManifestDigest => RegistryProcess.DigestOf(Manifest);

    public string ConfigDigest => RegistryProcess.DigestOf(Config);

    public string LayerDigest => RegistryProcess.DigestOf(Layer);

    /// <summary>Makes one with a layer of any bytes.</summary>
    public static RegistryModel Make(byte[] layer, string repository = "ai/tiny", string tag = "latest")
    {
        byte[] config = Encoding.UTF8.GetBytes(
            $$$"""{"config":{"format":"gguf","gguf":{"general.name":"A small model","general.type":"model"}},"descriptor":{"created":"2026-01-01T00:00:00Z"},"rootfs":{"type":"rootfs","diff_ids":["{{{RegistryProcess.DigestOf(layer)}}}"]}}""");
        byte[] manifest = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$$"""
            {"schemaVersion":2,"mediaType":"{{{MediaType}}}",
            "config":{"mediaType":"application/vnd.docker.ai.model.config.v0.1+json","digest":"{{{RegistryProcess.DigestOf(config)}}}","size":{{{config.Length}}}},
            "layers":[{"mediaType":"application/vnd.docker.ai.gguf.v3","digest":"{{{RegistryProcess.DigestOf(layer)}}}","size":{{{layer.Length}}}}]}
            """));
        return new RegistryModel(repository, tag, manifest, config, layer);
    }

    /// <summary>Makes one with the small chat model of the repository, which answers requests.</summary>
    public static RegistryModel MakeTinyChat(string tag = "latest") =>
        Make(File.ReadAllBytes(Path.Join(Testing.Repository.Root, "models/tiny-chat.gguf")), tag: tag);

    /// <summary>Makes one whose layer has so many bytes, which are the same for the same seed.</summary>
    public static RegistryModel Make(int length, int seed = 1, string repository = "ai/tiny", string tag = "latest")
    {
        byte[] layer = new byte[length];
        new Random(seed).NextBytes(layer);
        return Make(layer, repository, tag);
    }

    /// <summary>Stores it in a registry.</summary>
    public async Task PushAsync(RegistryProcess registry, CancellationToken cancellation = default)
    {
        await registry.PushBlobAsync(Repository, Config, cancellation);
        await registry.PushBlobAsync(Repository, Layer, cancellation);
        await registry.PushManifestAsync(Repository, Tag, Manifest, MediaType, cancellation);
    }
}
