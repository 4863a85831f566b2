namespace ModelRunner.Store.Registries;

/// <summary>The media types of manifests. A registry answers 404 for a type that a request does not name.</summary>
internal static class ManifestTypes
{
    public const string OciManifest = "application/vnd.oci.image.manifest.v1+json";
    public const string OciIndex = "application/vnd.oci.image.index.v1+json";
    public const string DockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
    public const string DockerList = "application/vnd.docker.distribution.manifest.list.v2+json";
    public const string ModelManifest = "application/vnd.cncf.model.manifest.v1+json";

    /// <summary>The header that names all of them.</summary>
    public const string Accept = $"{OciManifest}, {OciIndex}, {DockerManifest}, {DockerList}, {ModelManifest}";
}
