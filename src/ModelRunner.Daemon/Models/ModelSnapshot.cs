using System.Collections.Frozen;
using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Models;

/// <summary>All models at one time. Immutable.</summary>
internal sealed class ModelSnapshot
{
    private const int MaxShownCandidates = 5;
    private readonly FrozenDictionary<string, ModelSource> _byReference;
    private readonly FrozenDictionary<string, string> _aliases;

    public ModelSnapshot(IEnumerable<ModelSource> sources, IReadOnlyDictionary<string, string> aliases, IReadOnlyList<string> problems)
    {
        _byReference = sources.ToFrozenDictionary(static source => source.Reference.ToString(), StringComparer.Ordinal);
        _aliases = aliases.ToFrozenDictionary(StringComparer.Ordinal);
        Problems = problems;
        Sources = [.. _byReference.Values.OrderBy(static source => source.Reference.ToString(), StringComparer.Ordinal)];
    }

    /// <summary>All models in order of their references.</summary>
    public IReadOnlyList<ModelSource> Sources { get; }

    /// <summary>Unreadable folders and files, collisions and invalid names, one sentence each.</summary>
    public IReadOnlyList<string> Problems { get; }

    /// <summary>The aliases that would hide a model.</summary>
    public IReadOnlyList<AliasClash> AliasClashes { get; init; } = [];

    /// <summary>
    /// Finds the model that a reference means: by its name, an alias, an equal spelling (<c>docker.io/</c>, <c>ai/</c>, a registry in
    /// front), or as the end of exactly one model's name, where models of other tools count only if no other model fits. Null if there is none; if the
    /// reference fits several, the problem says so.
    /// </summary>
    public ModelSource? Find(ModelReference reference, out string? problem)
    {
        problem = null;
        foreach (ModelReference spelling in reference.EqualSpellings())
            if (FindExact(spelling.ToString()) is { } exact)
                return exact;

        ModelSource[] candidates = Prefer(reference, [.. reference.EqualSpellings().SelectMany(spelling => Sources.SelectMany(NamesOf)
            .Where(name => spelling.IsEndOf(name.Reference)))]);
        if (candidates.Length == 1)
            return candidates[0];

        if (candidates.Length > 1)
        {
            IEnumerable<string> shown = candidates.Take(MaxShownCandidates).Select(static source => source.Reference.ToString());
            problem = $"model \"{reference}\" could be any of {string.Join(", ", shown)}; write one of them in full";
        }

        return null;
    }

    private static IEnumerable<(ModelReference Reference, int Rank, ModelSource Source)> NamesOf(ModelSource source) => source.OtherNames
        .Select(name => (name.Reference, RankOf(name.Tool), source)).Prepend((source.Reference, RankOf(source.Foreign?.Kind), source));

    // A short name that works keeps its meaning when another tool gets a model of this name. Without a tag, the tools mean the tag "latest".
    private static ModelSource[] Prefer(ModelReference reference, (ModelReference Reference, int Rank, ModelSource Source)[] names)
    {
        int first = names.Length == 0 ? 0 : names.Min(static name => name.Rank);
        (ModelReference Reference, int Rank, ModelSource Source)[] preferred = [.. names.Where(name => name.Rank == first)];
        if (!reference.HasWrittenTag && preferred.Select(static name => name.Reference.Name).Distinct(StringComparer.Ordinal).Count() == 1
            && Array.Find(preferred, name => name.Reference.Tag == reference.Tag) is { Source: { } latest })
            return [latest];
        return [.. preferred.Select(static name => name.Source).Distinct()];
    }

    private static int RankOf(SourceKind? tool) => tool is { } kind ? (int)kind + 1 : 0;

    private ModelSource? FindExact(string reference) =>
        _byReference.GetValueOrDefault(_aliases.GetValueOrDefault(reference, reference));
}
