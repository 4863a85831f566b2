using System.Collections.Concurrent;
using System.Collections.Frozen;
using ModelRunner.Configuration;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Models;

/// <summary>All models at one time. Immutable.</summary>
internal sealed class ModelSnapshot
{
    private const int MaxShownCandidates = 5;
    private readonly FrozenDictionary<string, ModelSource> _byReference;
    private readonly FrozenDictionary<string, string> _aliases;
    private readonly Dictionary<Digest, ModelSource> _byManifest = [];
    private readonly Dictionary<(string Repository, HubFile File), ModelSource> _byHubFile = [];
    private readonly ConcurrentDictionary<ModelReference, ModelSource?> _meanings = [];
    private readonly Lazy<(Digest Id, ModelSource Source)[]> _byId;
    private readonly Lazy<ModelVariants> _variants;

    public ModelSnapshot(IEnumerable<ModelSource> sources, IReadOnlyDictionary<string, string> aliases, IReadOnlyList<string> problems)
    {
        _byReference = sources.ToFrozenDictionary(static source => source.Reference.ToString(), StringComparer.Ordinal);
        _aliases = aliases.ToFrozenDictionary(StringComparer.Ordinal);
        Problems = problems;
        Sources = [.. _byReference.Values.OrderBy(static source => source.Reference.ToString(), StringComparer.Ordinal)];

        // The same artifact may be in two stores. The one of the daemon comes first.
        foreach (ModelSource source in Sources.OrderBy(static source => RankOf(source.Foreign?.Kind)))
        {
            foreach (Digest manifest in source.Manifests)
                _byManifest.TryAdd(manifest, source);
            foreach ((string Repository, HubFile File) file in source.HubFiles)
                _byHubFile.TryAdd(file, source);
        }

        _variants = new(() => new ModelVariants(Sources));

        // Ids are hashes, so they are computed once, and only if somebody writes one.
        _byId = new(() => [.. _byManifest.Select(static pair => (pair.Key, pair.Value))
            .Concat(Sources.Where(static source => source.Manifests.Count == 0).Select(static source => (source.Id, source)))]);
    }

    /// <summary>All models in order of their references.</summary>
    public IReadOnlyList<ModelSource> Sources { get; }

    /// <summary>Unreadable folders and files, collisions and invalid names, one sentence each.</summary>
    public IReadOnlyList<string> Problems { get; }

    /// <summary>The aliases that would hide a model.</summary>
    public IReadOnlyList<AliasClash> AliasClashes { get; init; } = [];

    /// <summary>The other variants of a model; empty if there is no such model.</summary>
    /// <param name="canonical">Its canonical reference.</param>
    public IEnumerable<ModelSource> FindVariants(string canonical) =>
        _byReference.GetValueOrDefault(canonical) is { } source ? _variants.Value.Find(source) : [];

    /// <summary>
    /// The model that a reference of the configuration means; null: none. It is remembered, because keys are compared with every model. So texts of
    /// clients do not belong here.
    /// </summary>
    public ModelSource? FindConfigured(ModelReference reference) =>
        _meanings.GetOrAdd(reference, static (reference, snapshot) => snapshot.Find(ModelQuery.Of(reference), out _), this);

    /// <summary>Finds the model that a text of a client means. Null if there is none; if it fits several, the problem says so.</summary>
    public ModelSource? Find(ModelQuery query, out string? problem)
    {
        problem = null;

        // The digest decides. The name before it says where the model was pulled from, and may belong to another one now.
        if (query.Pin is { } pin)
            return _byManifest.GetValueOrDefault(pin);
        if (query.File is { } file)
            return _byHubFile.GetValueOrDefault((query.Reference.Name, file));
        if (query.Digits is not { } digits)
            return Find(query.Reference, out problem);
        if (!query.HasAlgorithm && FindSpelling(query.Reference) is { } named)
            return named;
        return FindById(digits, out problem) ?? (problem is null ? Find(query.Reference, out problem) : null);
    }

    /// <summary>
    /// Finds the model that a reference means: by its name, an alias, an equal spelling (<c>docker.io/</c>, <c>ai/</c>), or
    /// as the end of exactly one model's name, where models of other tools count only if no other model fits. Null if there is none; if the reference
    /// fits several, the problem says so.
    /// </summary>
    public ModelSource? Find(ModelReference reference, out string? problem)
    {
        problem = null;
        if (FindSpelling(reference) is { } exact)
            return exact;

        (ModelReference Reference, ModelSource Source)[] candidates = Prefer(reference, [.. SpellingsOf(reference).SelectMany(
            spelling => Sources.SelectMany(NamesOf).Where(name => spelling.IsEndOf(name.Reference)))]);
        if (candidates.Length == 1)
            return candidates[0].Source;

        if (candidates.Length > 1)
        {
            IEnumerable<string> shown = candidates.Take(MaxShownCandidates).Select(static candidate => candidate.Reference.ToString());
            problem = $"model \"{reference}\" could be any of {string.Join(", ", shown)}; write one of them in full";
            return null;
        }

        // A file of the models folder comes from no registry, so clients may write any one in front of its name.
        return reference.WithoutRegistry() is { } bare && _byReference.GetValueOrDefault(bare.ToString()) is { } stored
            && stored is { File: not null, Foreign: null } && stored.Origins[0] == ModelOrigin.Store ? stored : null;
    }

    private ModelSource? FindById(string digits, out string? problem)
    {
        problem = null;
        (Digest Id, ModelSource Source)[] found = [.. _byId.Value.Where(model => model.Id.Hex.StartsWith(digits, StringComparison.Ordinal))];
        if (found.DistinctBy(static model => model.Source.Reference).Count() <= 1)
            return found.FirstOrDefault().Source;
        IEnumerable<string> shown = found.Take(MaxShownCandidates).Select(static model => $"{model.Source.Reference} ({model.Id})");
        problem = $"the id {digits} could be that of any of {string.Join(", ", shown)}; write more of its digits, or the name";
        return null;
    }

    private static IEnumerable<(ModelReference Reference, int Rank, ModelSource Source)> NamesOf(ModelSource source) => source.OtherNames
        .Select(name => (name.Reference, RankOf(name.Tool), source)).Prepend((source.Reference, RankOf(source.Foreign?.Kind), source));

    // A short name that works keeps its meaning when another tool gets a model of this name. Without a tag, the tools mean the tag "latest".
    private static (ModelReference Reference, ModelSource Source)[] Prefer(
        ModelReference reference, (ModelReference Reference, int Rank, ModelSource Source)[] names)
    {
        int first = names.Length == 0 ? 0 : names.Min(static name => name.Rank);
        (ModelReference Reference, int Rank, ModelSource Source)[] preferred = [.. names.Where(name => name.Rank == first)];
        if (!reference.HasWrittenTag && preferred.Select(static name => name.Reference.Name).Distinct(StringComparer.Ordinal).Count() == 1
            && Array.Find(preferred, name => name.Reference.Tag == reference.Tag) is { Source: { } latest } found)
            return [(found.Reference, latest)];
        return [.. preferred.Select(static name => (name.Reference, name.Source)).DistinctBy(static name => name.Source)];
    }

    // The end of a name is not meant by one that begins with the default registry.
    private static IEnumerable<ModelReference> SpellingsOf(ModelReference reference) => reference.EqualSpellings()
        .Where(spelling => !reference.HasRegistry || spelling.HasRegistry);

    private static int RankOf(SourceKind? tool) => tool is { } kind ? (int)kind + 1 : 0;

    private ModelSource? FindSpelling(ModelReference reference) => reference.EqualSpellings()
        .Select(spelling => spelling.ToString())
        .Select(name => _byReference.GetValueOrDefault(_aliases.GetValueOrDefault(name, name)))
        .FirstOrDefault(static found => found is not null);
}
