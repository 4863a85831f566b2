using ModelRunner.Store.Names;

namespace ModelRunner.Store.Artifacts;

/// <summary>What a manifest says of one of its files (OCI image specification, "Content Descriptors").</summary>
/// <param name="MediaType">What kind of file it is.</param>
/// <param name="Digest">The hash of its bytes.</param>
/// <param name="Size">Its length in bytes, 0 to <see cref="MaxSize"/>.</param>
internal sealed record Descriptor(string MediaType, Digest Digest, long Size)
{
    /// <summary>The largest file: 16 TiB, more than any file system is asked to hold, so that sums of sizes never overflow.</summary>
    public const long MaxSize = 1L << 44;

    /// <summary>The path of the file within the model, from an annotation; null: none.</summary>
    public string? FilePath { get; init; }

    /// <summary>The file of a repository of Hugging Face that it is, from annotations; null: not said.</summary>
    public HubFile? Origin { get; init; }

    /// <summary>The kind of artifact behind it, in a list of manifests; null: not said.</summary>
    public string? ArtifactType { get; init; }

    /// <summary>The platform of the manifest behind it, <c>os/architecture</c>; null: not said.</summary>
    public string? Platform { get; init; }
}
