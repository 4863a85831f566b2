using System.Diagnostics.CodeAnalysis;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Layout;

/// <summary>
/// The product's own store: fetched models, below one folder. Reading needs no lock. Each change takes the lock of the folder, reads the list
/// again, and replaces it as a whole, so two processes never lose each other's changes. Safe to call from any thread.
/// </summary>
/// <param name="folder">The folder; it is created by the first change.</param>
/// <param name="time">The clock.</param>
/// <param name="holds">The files that this process is using; null: there are none yet.</param>
internal sealed class ModelStore(StoreFolder folder, TimeProvider time, StoreHolds? holds = null)
{
    /// <summary>How long a change waits for the lock.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>The paths.</summary>
    public StoreFolder Folder => folder;

    /// <summary>The files that this process is using.</summary>
    public StoreHolds Holds { get; } = holds ?? new StoreHolds();

    /// <summary>The list of models.</summary>
    /// <exception cref="StoreException">It is damaged, newer than this program, or cannot be read.</exception>
    public StoreIndex Read() => StoreIndexFile.Read(folder);

    /// <summary>Whether a verified file is there.</summary>
    public bool Has(Descriptor file) => BlobName.Has(folder, file);

    /// <summary>Adds a model to the list. All its files must be there.</summary>
    /// <param name="manifest">The bytes of its manifest, which are verified.</param>
    /// <param name="tag">The name that it gets; null: none.</param>
    /// <param name="cancellationToken">Ends the wait for the lock.</param>
    /// <returns>The model.</returns>
    /// <exception cref="StoreException">A file is missing (then the list is unchanged), or the list cannot be changed.</exception>
    public Task<StoreEntry> AddAsync(ReadOnlyMemory<byte> manifest, string? tag, CancellationToken cancellationToken) =>
        AddAsync(manifest, _ => tag, cancellationToken);

    /// <summary>As the other one, with a name that depends on the list.</summary>
    /// <param name="manifest">The bytes of its manifest, which are verified.</param>
    /// <param name="choose">Chooses the name, while the list cannot change.</param>
    /// <param name="cancellationToken">Ends the wait for the lock.</param>
    public Task<StoreEntry> AddAsync(ReadOnlyMemory<byte> manifest, Func<StoreIndex, string?> choose, CancellationToken cancellationToken)
    {
        ArtifactManifest read = ManifestReader.TryRead(manifest, out string? problem)
            ?? throw new StoreException(StoreErrorReason.Damaged, $"the manifest {problem}");
        Digest id = ContentHash.Of(manifest.Span);
        return ChangeAsync(
            index =>
            {
                if (read.Files.FirstOrDefault(file => !Has(file)) is { } missing)
                    throw new StoreException(StoreErrorReason.MissingFile, $"the file {missing.Digest} is no longer in the model store; try again");
                folder.BeforeStep?.Invoke("bundle");
                if (ModelParts.Of(read, out _) is { Count: > 1 } parts)
                    BundleFolder.Make(folder, id, parts);
                Directory.CreateDirectory(folder.Manifests);
                folder.BeforeStep?.Invoke("manifest");
                DurableFile.Replace(folder.ManifestOf(id), manifest.Span);
                File.Delete(folder.ManifestOf(id) + StoreFolder.DamagedEnding);
                StoreIndex changed = index.With(id, [.. read.Layers.Append(read.Config).Select(static file => file.Digest).Distinct()], choose(index));
                return (changed, changed.Find(id)!);
            },
            cancellationToken);
    }

    /// <summary>Gives a model one more name. Another model that has the name loses it.</summary>
    /// <param name="choose">Chooses the model, while the list cannot change.</param>
    /// <param name="tag">The name.</param>
    /// <param name="cancellationToken">Ends the wait for the lock.</param>
    /// <exception cref="StoreException">The list cannot be changed.</exception>
    public Task<StoreEntry> TagAsync(Func<StoreIndex, Task<StoreEntry>> choose, string tag, CancellationToken cancellationToken) => ChangeAsync(
        async index =>
        {
            StoreEntry entry = await choose(index);
            StoreIndex changed = entry.Tags.Contains(tag, StringComparer.Ordinal) ? index : index.With(entry.Id, entry.Files, tag);
            return (changed, changed.Find(entry.Id)!);
        },
        static (result, _, _) => result,
        cancellationToken);

    /// <summary>Removes names of models. A model without any name is removed, with its files that no other model needs.</summary>
    /// <param name="choose">Chooses models, each with one of its names or with null for all of them, while the list cannot change.</param>
    /// <param name="cancellationToken">Ends the wait for the lock.</param>
    /// <returns>What was removed, in the same order.</returns>
    /// <exception cref="StoreException">The list cannot be changed.</exception>
    public Task<IReadOnlyList<RemovedModel>> RemoveAsync(
        Func<StoreIndex, Task<IReadOnlyList<(StoreEntry Entry, string? Tag)>>> choose, CancellationToken cancellationToken) => ChangeAsync(
        async index =>
        {
            StoreIndex rest = index;
            var removed = new List<RemovedModel>();
            foreach ((StoreEntry entry, string? tag) in await choose(index))
            {
                bool isLast = IsLast(entry, tag);
                rest = isLast ? rest.Without(entry.Id) : rest.WithoutTag(tag!);
                removed.Add(new RemovedModel(tag is null ? entry.Tags : [tag], isLast ? entry.Id : null));
            }

            return (rest, (IReadOnlyList<RemovedModel>)removed);
        },
        Clean,
        cancellationToken, isRemoval: true);

    /// <summary>The files and folders that a removal of names would delete. It changes nothing and takes no lock.</summary>
    /// <param name="chosen">As the argument of a removal returns it.</param>
    /// <param name="list">The list of models.</param>
    public IReadOnlyList<string> FindFilesToRemove(IReadOnlyList<(StoreEntry Entry, string? Tag)> chosen, StoreIndex list)
    {
        StoreEntry[] gone = [.. chosen.Where(static model => IsLast(model.Entry, model.Tag)).Select(static model => model.Entry)];
        return CollectorNow().FindFilesOnlyOf(gone, gone.Aggregate(list, static (rest, entry) => rest.Without(entry.Id)));
    }

    /// <summary>Removes all files that no model needs. A store without a list keeps everything: the list may have been moved away.</summary>
    /// <exception cref="StoreException">The list cannot be read, or another process has the lock.</exception>
    public Task<CollectedFiles> CollectAsync(bool isDryRun, CancellationToken cancellationToken) => ChangeAsync(
        index => (index, IsListed ? CollectorNow().Collect(index, isDryRun) : default),
        cancellationToken);

    /// <summary>Removes files that were stored for a model that was not listed, unless another model or a pull needs them. Never fails.</summary>
    public async Task DiscardAsync(IReadOnlyList<Digest> files)
    {
        try
        {
            await ChangeAsync(
                index =>
                {
                    CollectorNow().Discard(files, index);
                    return (index, true);
                },
                CancellationToken.None);
        }
        catch (StoreException)
        {
            // A collection removes them later.
        }
    }

    /// <summary>
    /// Removes files of interrupted loads, copies and repackaging, which nothing can continue. It needs no list and no lock of the store. Never fails.
    /// </summary>
    public CollectedFiles RemoveUnfinished() => CollectorNow().RemoveUnfinished();

    /// <summary>
    /// Sets a file aside whose bytes are wrong: then the model lacks it, and the next pull fetches it. A runner that has loaded it keeps its open file.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="hashed">What it was when its bytes were read.</param>
    /// <param name="cancellationToken">Ends the wait for the lock.</param>
    /// <returns>False: there is another file meanwhile.</returns>
    /// <exception cref="StoreException">The store cannot be written.</exception>
    public Task<bool> SetAsideAsync(string path, FileStatus hashed, CancellationToken cancellationToken) => ChangeAsync(
        index =>
        {
            // Through a link, as it was read. Then the link is set aside.
            FileStatus now = FileStatus.Of(path);
            if (!now.IsSameFileAs(hashed) || !now.HasContentOf(hashed))
                return (index, false);
            File.Move(path, path + StoreFolder.DamagedEnding, overwrite: true);
            DurableFile.FlushFolder(Path.GetDirectoryName(path)!);
            return (index, true);
        },
        cancellationToken);

    /// <summary>The files that no model and no pull of this process needs, however young they are. It takes no lock.</summary>
    /// <exception cref="StoreException">The list cannot be read.</exception>
    public IReadOnlyList<StoreLeftover> FindLeftovers() => IsListed ? CollectorNow().Find(Read(), LeftoverAges.None) : [];

    /// <summary>Removes the files that no model needs, and returns them. Damaged ones may have any age.</summary>
    /// <param name="ages">How old they must be: a pull of another process may need them. A file that a pull writes now is left in any case.</param>
    /// <param name="isDryRun">Whether they are only returned.</param>
    /// <param name="cancellationToken">Ends the wait for the lock.</param>
    /// <exception cref="StoreException">The list cannot be read, or another process has the lock.</exception>
    public Task<IReadOnlyList<StoreLeftover>> PruneAsync(LeftoverAges ages, bool isDryRun, CancellationToken cancellationToken) => ChangeAsync(
        index =>
        {
            IReadOnlyList<StoreLeftover> found = IsListed ? CollectorNow().Find(index, ages) : [];
            return (index, isDryRun ? found : CollectorNow().Remove(found));
        },
        cancellationToken);

    private static bool IsLast(StoreEntry entry, string? tag) => tag is null || entry.Tags.Count == 1;

    private bool IsListed => FileStatus.Of(folder.IndexFile).IsRegular;

    private StoreCollector CollectorNow() => new(folder, Holds, time.GetUtcNow());

    /// <summary>Explains why a file of a model is not there: the model was removed meanwhile, or else its store is damaged.</summary>
    /// <param name="id">The model.</param>
    /// <param name="reason">The reason if it was not removed.</param>
    /// <param name="message">What is missing.</param>
    /// <exception cref="StoreException">The list cannot be read.</exception>
    public StoreException ExplainMissing(Digest id, StoreErrorReason reason, string message) =>
        Read().Find(id) is null
            ? new StoreException(StoreErrorReason.NotFound, $"there is no model {id} in the model store")
            : new StoreException(reason, message);

    private IReadOnlyList<RemovedModel> Clean(IReadOnlyList<RemovedModel> removed, StoreIndex index, StoreIndex before)
    {
        foreach (RemovedModel model in removed)
            if (model.Deleted is { } id)
                CollectorNow().Remove(before.Find(id)!, index);
        return removed;
    }

    private Task<T> ChangeAsync<T>(Func<StoreIndex, (StoreIndex Index, T Result)> change, CancellationToken cancellationToken) =>
        ChangeAsync(index => Task.FromResult(change(index)), static (result, _, _) => result, cancellationToken);

    // Files are removed after the new list is on the disk: after a crash there are too many files, and never too few. On a full disk,
    // files are removed first (MakeSpace).
    private async Task<T> ChangeAsync<T>(
        Func<StoreIndex, Task<(StoreIndex Index, T Result)>> change, Func<T, StoreIndex, StoreIndex, T> finish, CancellationToken cancellationToken,
        bool isRemoval = false)
    {
        try
        {
            Directory.CreateDirectory(folder.Root);
            folder.BeforeStep?.Invoke("lock");
            using FileLock taken = await FileLock.TakeAsync(folder.LockFile, Patience, time, cancellationToken)
                ?? throw StoreException.Of(
                    StoreErrorReason.Busy, $"another process has had the lock of the model store, its file .lock, for {Patience.TotalSeconds:0} s",
                    "try again, or end that process if it hangs");
            StoreIndex before = Read();
            (StoreIndex after, T result) = await change(before);
            if (!ReferenceEquals(after, before) && !TryWrite(after, out IOException? full)
                && !(isRemoval && CollectorNow().MakeSpace(before, after, () => TryWrite(after, out _))))
                throw full;
            return finish(result, after, before);
        }
        catch (IOException failure) when (DiskSpace.IsFull(failure))
        {
            throw StoreException.Of(
                StoreErrorReason.NoSpace, "there is no space for the list of models",
                "make space: \"model-runner prune\" removes files that no model needs, "
                + "\"model-runner rm --force MODEL\" a whole model; then try again", failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            string cause = failure is UnauthorizedAccessException ? "this user must not write there" : PathFree(failure);
            throw StoreException.Of(
                StoreErrorReason.NotAccessible, $"the model store cannot be written: {cause}", "name another folder in MODELS_PATH", failure);
        }
    }

    private bool TryWrite(StoreIndex index, [NotNullWhen(false)] out IOException? full)
    {
        full = null;
        try
        {
            StoreIndexFile.Write(folder, index);
        }
        catch (IOException failure) when (DiskSpace.IsFull(failure))
        {
            full = failure;
        }

        return full is null;
    }

    private string PathFree(Exception failure) => failure.Message.Replace(folder.Root, "the store", StringComparison.Ordinal);
}
