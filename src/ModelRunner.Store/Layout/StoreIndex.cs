using ModelRunner.Store.Names;

namespace ModelRunner.Store.Layout;

/// <summary>The list of models of a store. Immutable; each change is a new list.</summary>
/// <param name="Entries">The models, in the order in which they were added.</param>
internal sealed record StoreIndex(IReadOnlyList<StoreEntry> Entries)
{
    /// <summary>A store without models.</summary>
    public static StoreIndex Empty { get; } = new([]);

    /// <summary>Whether both have the same models with the same names.</summary>
    public bool IsSameAs(StoreIndex other) =>
        Entries.Count == other.Entries.Count && Entries.Zip(other.Entries).All(static pair => pair.First.IsSameAs(pair.Second));

    /// <summary>The model with an id; null: none.</summary>
    public StoreEntry? Find(Digest id) => Entries.FirstOrDefault(entry => entry.Id == id);

    /// <summary>The model that has a name with its tag; null: none.</summary>
    public StoreEntry? Find(string tag) =>
        Entries.FirstOrDefault(entry => entry.Tags.Contains(tag, StringComparer.Ordinal))
        ?? (Entries.Where(entry => entry.TagOf(tag) is not null).ToArray() is [var only] ? only : null);

    /// <summary>The models whose id begins with some hexadecimal digits.</summary>
    public IReadOnlyList<StoreEntry> FindByStart(string hex) => [.. Entries.Where(entry => entry.Id.Hex.StartsWith(hex, StringComparison.Ordinal))];

    /// <summary>
    /// Adds a model, or gives it one more name. Another model that had the name loses it. The first name of a model is its main one, so a name that it has
    /// already keeps its place.
    /// </summary>
    public StoreIndex With(Digest id, IReadOnlyList<Digest> files, string? tag)
    {
        if (Find(id) is not { } known)
            return new([.. (tag is null ? this : WithoutTag(tag)).Entries, new StoreEntry(id, tag is null ? [] : [tag], files)]);
        bool isNew = tag is not null && !known.Tags.Contains(tag, StringComparer.Ordinal);
        StoreEntry changed = known with { Tags = isNew ? [.. known.Tags, tag!] : known.Tags, Files = files };
        return new([.. Entries.Select(entry => entry.Id == id ? changed : tag is null ? entry : WithoutTag(entry, tag))]);
    }

    /// <summary>Takes a name from the model that has it. The model stays, also without any name.</summary>
    public StoreIndex WithoutTag(string tag) => new([.. Entries.Select(entry => WithoutTag(entry, tag))]);

    /// <summary>Removes a model with all its names.</summary>
    public StoreIndex Without(Digest id) => new([.. Entries.Where(entry => entry.Id != id)]);

    private static StoreEntry WithoutTag(StoreEntry entry, string tag) =>
        entry.Tags.Contains(tag, StringComparer.Ordinal) ? entry with { Tags = [.. entry.Tags.Where(other => other != tag)] } : entry;
}
