using ModelRunner.Store.Names;

namespace ModelRunner.Store.Layout;

/// <summary>One model in the list of a store.</summary>
/// <param name="Id">The digest of its manifest.</param>
/// <param name="Tags">Its names, each with registry and tag; empty if the last one was given to another model.</param>
/// <param name="Files">Its layers and its configuration.</param>
internal sealed record StoreEntry(Digest Id, IReadOnlyList<string> Tags, IReadOnlyList<Digest> Files)
{
    /// <summary>Its names as a person would write them.</summary>
    public IEnumerable<string> ShortNames => Tags
        .Select(static tag => ArtifactNameParser.TryParse(tag, out ArtifactName? name, out _) ? name!.ToShortString() : null).OfType<string>();

    /// <summary>Its name in sentences: the first one, else its id.</summary>
    public string ShownName => ShortNames.FirstOrDefault() ?? Id.ToString();

    /// <summary>
    /// The one of its names that is meant; null: none is. Registries distinguish the case of a tag, so <c>latest</c> and <c>LATEST</c> are two. On Hugging Face
    /// it is a quantization, whose case does not count.
    /// </summary>
    public string? TagOf(string name) => Tags.FirstOrDefault(tag => tag == name)
        ?? (name.StartsWith($"{ArtifactName.HuggingFace}/", StringComparison.Ordinal)
            ? Tags.FirstOrDefault(tag => tag.Equals(name, StringComparison.OrdinalIgnoreCase))
            : null);

    /// <summary>Whether both are the same model with the same names.</summary>
    public bool IsSameAs(StoreEntry other) => Id == other.Id && Tags.SequenceEqual(other.Tags, StringComparer.Ordinal);
}
