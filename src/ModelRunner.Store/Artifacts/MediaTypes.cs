namespace ModelRunner.Store.Artifacts;

/// <summary>The media types of manifests, configurations and layers (Docker's model specification, CNCF's ModelPack, OCI image specification).</summary>
internal static class MediaTypes
{
    public const string OciManifest = "application/vnd.oci.image.manifest.v1+json";
    public const string OciIndex = "application/vnd.oci.image.index.v1+json";
    public const string DockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
    public const string DockerList = "application/vnd.docker.distribution.manifest.list.v2+json";
    public const string CncfManifest = "application/vnd.cncf.model.manifest.v1+json";

    /// <summary>The header that names all types of manifests. A registry answers 404 for a type that a request does not name.</summary>
    public const string AcceptedManifests = $"{OciManifest}, {OciIndex}, {DockerManifest}, {DockerList}, {CncfManifest}";

    /// <summary>Docker's configuration: the media type of a layer says what it is.</summary>
    public const string ConfigV1 = "application/vnd.docker.ai.model.config.v0.1+json";

    /// <summary>Docker's configuration: each layer is one file, and an annotation has its path.</summary>
    public const string ConfigV2 = "application/vnd.docker.ai.model.config.v0.2+json";

    /// <summary>CNCF's configuration.</summary>
    public const string CncfConfig = "application/vnd.cncf.model.config.v1+json";

    public const string Gguf = "application/vnd.docker.ai.gguf.v3";
    public const string Projector = "application/vnd.docker.ai.mmproj";
    public const string ChatTemplate = "application/vnd.docker.ai.chat.template.jinja";
    public const string License = "application/vnd.docker.ai.license";
    public const string File = "application/vnd.docker.ai.model.file";

    public const string CncfPrefix = "application/vnd.cncf.model.";
    public const string CncfWeight = CncfPrefix + "weight.v1.";
    public const string CncfRawWeight = CncfWeight + "raw";
    public const string CncfOldGguf = CncfWeight + "gguf";
    public const string CncfWeightConfig = CncfPrefix + "weight.config.v1.raw";
    public const string CncfDoc = CncfPrefix + "doc.v1.raw";

    /// <summary>The annotation of a layer with the path that its file has in a repository of Hugging Face.</summary>
    public const string Title = "org.opencontainers.image.title";

    /// <summary>The annotation of a layer with the revision of that repository, if it is not the main branch.</summary>
    public const string Revision = "org.opencontainers.image.revision";

    /// <summary>The annotation of a layer with the path of its file.</summary>
    public const string FilePath = "org.cncf.model.filepath";

    /// <summary>Whether a configuration of this type belongs to a model that can be read.</summary>
    public static bool IsModelConfig(string mediaType) => mediaType is ConfigV1 or ConfigV2 or CncfConfig;

    /// <summary>Whether it is a list of manifests.</summary>
    public static bool IsIndex(string mediaType) => mediaType is OciIndex or DockerList;

    /// <summary>Whether it is a manifest of one artifact.</summary>
    public static bool IsManifest(string mediaType) => mediaType is OciManifest or DockerManifest or CncfManifest;
}
