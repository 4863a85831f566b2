using System.Collections.ObjectModel;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Ledger;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Pulling;
using ModelRunner.Daemon.Runners;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Api;

/// <summary>
/// Removes what the model store does not need: partial files, files without a model, and models that limits choose. One at a time. The files of other tools
/// and of the models folder are never touched. Safe to call from any thread.
/// </summary>
internal sealed class StorePruner(
    ModelPulls pulls, ModelCatalog catalog, RunnerPool pool, LoadedModels loaded, RequestLedger ledger, Func<DaemonSettings> settings,
    TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private readonly DateTimeOffset _started = time.GetUtcNow();

    /// <summary>Removes, or with a dry run says what would be removed.</summary>
    /// <exception cref="StoreException">The store cannot be read or written.</exception>
    /// <exception cref="IOException">The ledger cannot be read, so it is not known which models were used.</exception>
    public async Task<PruneOutcome> PruneAsync(PruneLimits limits, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            // Nothing is created in a folder without a store.
            if (!StoreFolder.IsStore(pulls.Store.Folder.Root))
                return new PruneOutcome([], [], 0);

            // Leftovers come first. On a full disk, nothing else may be possible without the space of them.
            List<PrunedItem> removed = await RemoveLeftoversAsync(limits.IsDryRun, cancellationToken);
            try
            {
                return await PruneModelsAsync(limits, removed, cancellationToken);
            }
            catch (IOException failure) when (removed.Count > 0 && !limits.IsDryRun)
            {
                throw new IOException(PruneText.WithRemoved(failure.Message, removed), failure);
            }
            catch (StoreException failure) when (removed.Count > 0 && !limits.IsDryRun)
            {
                throw new StoreException(failure.Reason, PruneText.WithRemoved(failure.Message, removed), failure);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private async Task<List<PrunedItem>> RemoveLeftoversAsync(bool isDryRun, CancellationToken cancellationToken)
    {
        LeftoverAges ages = LeftoverAges.OnDemand(pulls.Store.Folder);
        List<PrunedItem> found = [.. (await pulls.Store.PruneAsync(ages, isDryRun, cancellationToken)).Select(Describe)];
        if (found.Count > 0 && !isDryRun)
            pulls.LogPrunedFiles(found.Count, found.Sum(static item => item.Bytes));
        return found;
    }

    private static PrunedItem Describe(StoreLeftover file) => file.Kind switch
    {
        LeftoverKind.Partial => new PrunedItem("partial", file.Name, file.Bytes, "no running pull needs it"),
        LeftoverKind.Unfinished => new PrunedItem("unfinished", file.Name, file.Bytes, "nothing can continue it"),
        LeftoverKind.Damaged => new PrunedItem("damaged", file.Name, file.Bytes, "its bytes are wrong"),
        _ => new PrunedItem("unreferenced", file.Name, file.Bytes, "no model needs it"),
    };

    // Adds to what was removed. The error is the only response, so it must tell what was done before it.
    private async Task<PruneOutcome> PruneModelsAsync(PruneLimits limits, List<PrunedItem> removed, CancellationToken cancellationToken)
    {
        PrunePlan plan = PrunePlan.Make(await FindCandidatesAsync(limits, cancellationToken), limits, time.GetUtcNow());
        var spared = new List<PrunedItem>();
        if (limits.IsDryRun)
        {
            removed.AddRange(plan.Removed);
        }
        else
        {
            int before = removed.Count;
            var kept = new List<IDisposable>();
            try
            {
                await RemoveAsync(plan.Removed, removed, spared, kept, cancellationToken);
            }
            finally
            {
                try
                {
                    if (removed.Count > before)
                        await catalog.FindPulledAsync(cancellationToken);
                }
                finally
                {
                    kept.ForEach(static files => files.Dispose());
                }
            }
        }

        return new PruneOutcome(removed, [.. plan.Kept, .. spared], plan.Bytes + spared.Sum(static item => item.Bytes));
    }

    private async Task RemoveAsync(
        IReadOnlyList<PrunedItem> chosen, List<PrunedItem> removed, List<PrunedItem> spared, List<IDisposable> kept, CancellationToken cancellationToken)
    {
        foreach (PrunedItem item in chosen)
        {
            string? protection = null;
            IDisposable? files = null;
            IReadOnlyList<RemovedModel> gone = await pulls.Store.RemoveAsync(
                async list =>
                {
                    if (list.Find(item.Entry!.Id) is not { } entry)
                        return [];
                    protection = await FindProtectionNowAsync(item.Entry, entry, list, cancellationToken);
                    if (protection is not null)
                        return [];

                    // A runner that was started before this is found afterwards. None is started until requests no longer find the model.
                    files = await loaded.KeepUnloadedAsync(pulls.Store.FindFilesToRemove([(entry, null)], list), cancellationToken);
                    kept.Add(files);
                    protection = await FindProtectionNowAsync(item.Entry, entry, list, cancellationToken);
                    return protection is null ? [(entry, null)] : [];
                },
                cancellationToken);
            if (protection is not null)
            {
                files?.Dispose();
                spared.Add(item with { Reason = protection });
            }

            if (gone.Count == 0)
                continue;
            pulls.LogPruned(item.Name, item.Reason);
            removed.Add(item);
        }
    }

    private async Task<IReadOnlyList<PruneCandidate>> FindCandidatesAsync(PruneLimits limits, CancellationToken cancellationToken)
    {
        // Without a limit no model is chosen, so it does not matter when each was used.
        IReadOnlyDictionary<string, DateTimeOffset> used = limits.KeepUnder is null && limits.UnusedFor is null
            ? ReadOnlyDictionary<string, DateTimeOffset>.Empty
            : await LastUse.ReadAsync(ledger, cancellationToken);
        IReadOnlyList<ModelSource> found = await catalog.ListFoundAsync(cancellationToken);
        StoreFolder folder = pulls.Store.Folder;
        IReadOnlySet<FileId> linked = StoreLinks.FindOutside(folder);

        // Without a state folder, nothing is known of the time before the start.
        DateTimeOffset known = settings().Ledger.StatePath is null ? _started : default;
        return
        [
            .. pulls.Store.Read().Entries.Select(entry =>
            {
                string[] names = [.. StoredModels.NamesOf(entry), .. StoredModels.MeantBy(entry, found).Select(static source => source.Reference.ToString())];
                DateTimeOffset pulled = FileStatus.Of(folder.ManifestOf(entry.Id)).Written;
                DateTimeOffset last = names.Select(name => used.GetValueOrDefault(name)).Append(pulled).Append(known).Max();
                (Digest Digest, FileStatus Status)[] files = [.. entry.Files.Select(file => (file, FileStatus.Of(folder.BlobOf(file))))];
                return new PruneCandidate(
                    entry, names[0],
                    [.. files.Select(file => KeyValuePair.Create(file.Digest, linked.Contains(file.Status.Id) ? 0 : file.Status.AllocatedBytes))],
                    last, ProtectionOf(entry, found), files.Where(file => linked.Contains(file.Status.Id)).Sum(static file => file.Status.AllocatedBytes));
            }),
        ];
    }

    // A client may have named it meanwhile, or a request may have come for it.
    private async Task<string?> FindProtectionNowAsync(StoreEntry chosen, StoreEntry entry, StoreIndex list, CancellationToken cancellationToken)
    {
        if (!entry.IsSameAs(chosen))
            return "its names were changed meanwhile";
        await catalog.FollowAsync(list, cancellationToken);
        return ProtectionOf(entry, await catalog.ListFoundAsync(cancellationToken));
    }

    private string? ProtectionOf(StoreEntry entry, IReadOnlyList<ModelSource> found)
    {
        if (entry.Files.Any(pulls.Store.Holds.Contains))
            return "it is being pulled";
        DaemonSettings current = settings();
        foreach (ModelSource source in StoredModels.MeantBy(entry, found))
        {
            string reference = source.Reference.ToString();
            if (pool.Runners.Any(runner => !runner.IsAttached && runner.Key.Model == reference))
                return "it is loaded";
            if (pool.Runners.FirstOrDefault(runner => LoadedModels.DraftOf(runner)?.Reference == reference) is { } drafting)
                return $"{drafting.Key.Model} is loaded with it as its draft model";
            if (source.Settings.IsPreloaded)
                return "the configuration preloads it";
            if (found.FirstOrDefault(owner => owner.Draft?.Name == reference) is { } drafted)
                return $"it is the draft model of {drafted.Reference}";
            if (source.Settings.Path is not null && current.Models.ContainsKey(reference))
                return "the configuration names its file";
        }

        return null;
    }
}
