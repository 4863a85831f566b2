using ModelRunner.Configuration;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Api;

/// <summary>Which models of the store are loaded. Safe to call from any thread.</summary>
internal sealed class LoadedModels(RunnerPool pool, FilesInRemoval removals)
{
    /// <summary>The runners of a model, by any of its names.</summary>
    /// <param name="entry">The model.</param>
    /// <param name="found">The models of requests. They are read once for all models, because that may take seconds.</param>
    public IReadOnlyList<RunnerSnapshot> Find(StoreEntry entry, IReadOnlyList<ModelSource> found)
    {
        HashSet<string> names = NamesOf(entry, found);
        return FindLoaded(runner => names.Contains(runner.Key.Model));
    }

    /// <summary>The runners of a model of requests.</summary>
    public IReadOnlyList<RunnerSnapshot> Find(ModelEntry model) => FindLoaded(runner => runner.Key.Model == model.Reference);

    /// <summary>The runners of other models that have loaded this one too, as their draft model.</summary>
    /// <param name="entry">The draft model.</param>
    /// <param name="found">As of <see cref="Find(StoreEntry, IReadOnlyList{ModelSource})"/>.</param>
    public IReadOnlyList<RunnerSnapshot> FindDrafting(StoreEntry entry, IReadOnlyList<ModelSource> found)
    {
        HashSet<string> names = NamesOf(entry, found);
        return FindLoaded(runner => !names.Contains(runner.Key.Model) && DraftOf(runner) is { } draft && names.Contains(draft.Reference));
    }

    /// <summary>The runners of other models that have loaded this model of requests too, as their draft model.</summary>
    public IReadOnlyList<RunnerSnapshot> FindDrafting(ModelEntry model) =>
        FindLoaded(runner => runner.Key.Model != model.Reference && DraftOf(runner) is { } draft
            && (draft.Reference == model.Reference || model.OtherNames.Contains(draft.Reference, StringComparer.Ordinal)));

    /// <summary>The draft model that a runner has loaded beside its model; null: none.</summary>
    public static DraftModel? DraftOf(RunnerSnapshot runner) =>
        runner is { IsAttached: false, Key.Mode: RunnerMode.Completion, Model.Draft: { } draft } ? draft : null;

    private static HashSet<string> NamesOf(StoreEntry entry, IReadOnlyList<ModelSource> found)
    {
        // A model of the configuration or of another tool may have the same file, and another one may have its name. A runner keeps the name with which
        // it was started.
        HashSet<string> names = [.. StoredModels.NamesOf(entry)];
        names.ExceptWith(found.Where(source => !source.Manifests.Contains(entry.Id)).Select(static source => source.Reference.ToString()));
        names.UnionWith(StoredModels.MeantBy(entry, found).SelectMany(static source => source.Names));
        return names;
    }

    /// <summary>Of these runners, those whose model is shown under this name of the store.</summary>
    public static IReadOnlyList<RunnerSnapshot> WithMainName(IReadOnlyList<RunnerSnapshot> runners, string tag) =>
        TryParse(tag, out ModelReference main) ? [.. runners.Where(runner => runner.Key.Model == main.ToString())] : [];

    /// <summary>Of these runners, those whose draft model has this name of the store: the runner shows it, or its settings were written with it.</summary>
    public static IReadOnlyList<RunnerSnapshot> WithDraftName(IReadOnlyList<RunnerSnapshot> runners, string tag) => TryParse(tag, out ModelReference name)
        ? [.. runners.Where(runner => DraftOf(runner) is { } draft && (draft.Reference == name.ToString() || Means(draft.Settings.Model, name)))]
        : [];

    /// <summary>Stops runners, and waits until their processes have ended.</summary>
    /// <param name="runners">The runners.</param>
    /// <param name="caller">Who requested it.</param>
    public Task UnloadAsync(IReadOnlyList<RunnerSnapshot> runners, Caller caller) =>
        pool.UnloadAsync(
            new UnloadSelection(null, runners.Select(static runner => runner.Key.Model).ToHashSet(StringComparer.Ordinal)), CancellationToken.None,
            caller.KeyName);

    /// <summary>
    /// Until disposal, no runner is started with files that a removal deletes. After the return, the other methods find those that were started before.
    /// </summary>
    /// <param name="paths">The files.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IDisposable> KeepUnloadedAsync(IReadOnlyList<string> paths, CancellationToken cancellationToken)
    {
        IDisposable added = removals.Add(paths);
        try
        {
            await pool.RespondAsync(cancellationToken);
            return added;
        }
        catch
        {
            added.Dispose();
            throw;
        }
    }

    // Without a process, nothing uses the files.
    private RunnerSnapshot[] FindLoaded(Func<RunnerSnapshot, bool> isMeant) =>
        [.. pool.Runners.Where(runner => !runner.IsAttached && runner.State.IsLive() && isMeant(runner))];

    private static bool Means(ModelReference written, ModelReference name) => written.EqualSpellings().Any(spelling => spelling.IsEndOf(name));

    private static bool TryParse(string tag, out ModelReference reference)
    {
        reference = default;
        return ArtifactNameParser.TryParse(tag, out ArtifactName? name, out _) && ModelReference.TryParse(name!.ToShortString(), out reference, out _);
    }
}
