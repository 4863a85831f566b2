using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Store.Foreign;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Api;

/// <summary>
/// A model as a client named it. Manifests with the same weights are one model with several names, but each has its own id, licences and configuration.
/// </summary>
/// <param name="Model">The model, with the name and the id that were meant first.</param>
/// <param name="Entry">The same in the store; null: what was meant was not pulled.</param>
internal readonly record struct NamedModel(ModelEntry Model, StoreEntry? Entry)
{
    /// <summary>Finds what was meant.</summary>
    /// <param name="index">The list of the store.</param>
    /// <param name="model">The model that requests with this text use.</param>
    /// <param name="written">The text of the client.</param>
    public static NamedModel Of(StoreIndex index, ModelEntry model, string written)
    {
        ModelQuery query = ModelQuery.TryParse(written, out ModelQuery parsed, out _) ? parsed : default;
        Digest? id = query.Pin ?? model.Manifests.Cast<Digest?>().FirstOrDefault(
            manifest => query.Digits is { } digits && manifest!.Value.Hex.StartsWith(digits, StringComparison.Ordinal));

        // A manifest of another tool is never described by one of the store.
        if (id is { } other && index.Find(other) is null)
            return new NamedModel(model with { Id = other }, null);
        if (StoredModels.Find(index, model, written) is not { } entry)
            return new NamedModel(model, null);

        string[] names = [.. OrderNames(model, written)];
        bool isByContent = id is not null || query.File is not null;
        string first = (isByContent ? names.FirstOrDefault(name => IsOwn(entry, name)) : null) ?? names[0];
        return new NamedModel(
            model with { Reference = first, OtherNames = [.. names.Where(name => name != first)], Id = entry.Id }, entry);
    }

    /// <summary>
    /// The names of a model, those that a text means first. The text may be the end of one, in which case the tag <c>latest</c> comes first, as in requests.
    /// </summary>
    public static IEnumerable<string> OrderNames(ModelEntry model, string written)
    {
        string[] names = [model.Reference, .. model.OtherNames];
        if (!ModelQuery.TryParse(written, out ModelQuery query, out _) || model.Aliases.Contains(query.Reference.ToString(), StringComparer.Ordinal))
            return names;
        ModelReference[] spellings = [.. query.Reference.EqualSpellings()];
        return names.OrderBy(name => RankOf(ModelReference.FromCanonical(name), spellings));
    }

    private static int RankOf(ModelReference name, ModelReference[] spellings) =>
        Array.Exists(spellings, spelling => spelling.ToString() == name.ToString()) ? 0
        : !Array.Exists(spellings, spelling => spelling.IsEndOf(name)) ? 3
        : Array.Exists(spellings, spelling => spelling.Tag == name.Tag) ? 1 : 2;

    private static bool IsOwn(StoreEntry entry, string name) => name == ForeignModel.NameOf(entry.Id)
        || entry.Tags.Any(tag => ArtifactNameParser.TryParse(tag, out ArtifactName? full, out _) && full!.ToShortString().Equals(
            name, full.IsOnHuggingFace ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal));
}
