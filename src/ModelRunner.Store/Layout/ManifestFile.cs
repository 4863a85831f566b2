using ModelRunner.Linux.Files;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Layout;

/// <summary>Reads the small files of a store: manifests and configurations.</summary>
internal static class ManifestFile
{
    /// <summary>The manifest of a model; null where the file is missing or cannot be understood.</summary>
    public static ArtifactManifest? Read(StoreFolder folder, Digest id) =>
        ReadBytes(folder, id) is { } bytes ? ManifestReader.TryRead(bytes, out _) : null;

    /// <summary>The bytes of a manifest, as the registry sent them; null where they cannot be read.</summary>
    public static byte[]? ReadBytes(StoreFolder folder, Digest id) => Read(folder.ManifestOf(id), ManifestReader.MaxBytes);

    /// <summary>The configuration of a model; one that cannot be read says nothing.</summary>
    public static ArtifactConfig ReadConfig(StoreFolder folder, ArtifactManifest manifest) =>
        ReadConfigBytes(folder, manifest) is { } bytes ? ConfigReader.Read(bytes) : new ArtifactConfig();

    /// <summary>The bytes of a configuration; null where they cannot be read.</summary>
    public static byte[]? ReadConfigBytes(StoreFolder folder, ArtifactManifest manifest) =>
        Read(folder.BlobOf(manifest.Config.Digest), ConfigReader.MaxBytes);

    private static byte[]? Read(string path, int limit)
    {
        try
        {
            using FileStream? file = RegularFile.Open(path);
            if (file is null || file.Length > limit)
                return null;
            byte[] bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
