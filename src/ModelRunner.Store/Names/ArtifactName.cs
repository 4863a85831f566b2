namespace ModelRunner.Store.Names;

/// <summary>
/// The place of a model in a registry: <c>registry/repository:tag</c>, with all defaults filled in as Docker Model Runner does. A value that was
/// parsed contains only characters that are safe in a path and in a URL.
/// </summary>
/// <param name="Registry">Host, and port if one was written; lower case. Docker Hub is <c>docker.io</c>.</param>
/// <param name="Repository">The name within the registry, lower case.</param>
/// <param name="Tag">The tag, with its case.</param>
internal sealed record ArtifactName(string Registry, string Repository, string Tag)
{
    /// <summary>The registry that is used if none is written.</summary>
    public const string DockerHub = "docker.io";

    /// <summary>The registry of Hugging Face, also written <c>hf.co</c>.</summary>
    public const string HuggingFace = "huggingface.co";

    /// <summary>The tag that is used if none is written.</summary>
    public const string DefaultTag = "latest";

    /// <summary>The digest that the manifest must have; null: none was written.</summary>
    public Digest? Pin { get; init; }

    /// <summary>Whether the user wrote the tag; if not, <see cref="Tag"/> is the default.</summary>
    public bool HasWrittenTag { get; init; }

    /// <summary>The repository with the case in which it was written. Hugging Face distinguishes it.</summary>
    public string WrittenRepository { get; init; } = Repository;

    /// <summary>Whether the model is on Hugging Face, which has repositories of files and no manifests.</summary>
    public bool IsOnHuggingFace => Registry == HuggingFace;

    /// <summary>The only file that is wanted, on Hugging Face; null: the tag says which ones.</summary>
    public HubFile? File { get; init; }

    /// <summary>The tag or, if the name has one, the digest or the file: what a registry is asked for.</summary>
    public string Target => Pin?.ToString() ?? File?.ToString() ?? Tag;

    /// <summary>The name under which a store lists it, as Docker Model Runner writes it: with the registry and the tag.</summary>
    public override string ToString() => $"{Registry}/{Repository}:{Tag}";

    /// <summary>The shortest name that means the same, with the case in which it was written.</summary>
    public string ToWrittenString()
    {
        if (File is { } file)
            return $"https://{Registry}/{WrittenRepository}/resolve/{file.Escaped}";
        string registry = Registry == DockerHub ? "" : $"{Registry}/";
        string tag = HasWrittenTag ? $":{Tag}" : "";
        string pin = Pin is null ? "" : $"@{Pin}";
        return $"{registry}{WrittenRepository}{tag}{pin}";
    }

    /// <summary>The name that people write: Docker Hub is left out.</summary>
    public string ToShortString() => Registry == DockerHub ? $"{Repository}:{Tag}" : ToString();
}
