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
    /// front), or as the end of exactly one model's name. Null if there is none; if the reference fits several, the problem says so.
    /// </summary>
    public ModelSource? Find(ModelReference reference, out string? problem)
    {
        problem = null;
        foreach (ModelReference spelling in reference.EqualSpellings())
            if (FindExact(spelling.ToString()) is { } exact)
                return exact;

        ModelSource[] candidates = [.. reference.EqualSpellings()
            .SelectMany(spelling => Sources.Where(source => spelling.IsEndOf(source.Reference))).Distinct()];
        if (candidates.Length == 1)
            return candidates[0];

        if (candidates.Length > 1)
        {
            IEnumerable<string> shown = candidates.Take(MaxShownCandidates).Select(static source => source.Reference.ToString());
            problem = $"model \"{reference}\" could be any of {string.Join(", ", shown)}; write one of them in full";
        }

        return null;
    }

    private ModelSource? FindExact(string reference) =>
        _byReference.GetValueOrDefault(_aliases.GetValueOrDefault(reference, reference));
}
