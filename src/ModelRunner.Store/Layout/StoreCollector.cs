using ModelRunner.Linux.Files;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Layout;

/// <summary>
/// Removes the files of a store that no model needs. The lock must be held. A file is kept if any model of the list names it, in the list or in its
/// manifest; if a pull of this process needs it; or if it is young, because a pull of another process may need it, or because somebody restores a store.
/// </summary>
/// <param name="folder">The store.</param>
/// <param name="holds">The files that pulls of this process need.</param>
/// <param name="now">The present time.</param>
internal sealed class StoreCollector(StoreFolder folder, StoreHolds holds, DateTimeOffset now)
{
    private static readonly string[] Algorithms = [Digest.Sha256, Digest.Sha512];

    /// <summary>How long a file without a model is kept, also an incomplete one. The time is that of Docker Model Runner for incomplete files.</summary>
    public static readonly TimeSpan MinAge = TimeSpan.FromDays(7);

    /// <summary>
    /// How old a file without a model must be if a user wants space now. A younger one may belong to a pull or an import of another process that has not ended.
    /// </summary>
    public static readonly TimeSpan MinAgeOnDemand = TimeSpan.FromHours(1);

    /// <summary>Removes what is not needed.</summary>
    /// <param name="index">The list of models.</param>
    /// <param name="isDryRun">Whether it only counts.</param>
    public CollectedFiles Collect(StoreIndex index, bool isDryRun)
    {
        IReadOnlyList<StoreLeftover> found = Find(index, LeftoverAges.All(MinAge));
        if (!isDryRun)
        {
            found = Remove(found);
            RemoveBundles(index);
        }

        return new CollectedFiles(found.Count, found.Sum(static file => file.Bytes));
    }

    /// <summary>Finds the files that no model and no pull of this process needs.</summary>
    /// <param name="index">The list of models.</param>
    /// <param name="ages">How old they must be.</param>
    public IReadOnlyList<StoreLeftover> Find(StoreIndex index, LeftoverAges ages)
    {
        HashSet<Digest> needed = FindNeeded(index);
        var found = new List<StoreLeftover>();
        foreach (string algorithm in Algorithms)
        {
            foreach (FileInfo file in Files(Path.Join(folder.Blobs, algorithm)))
            {
                if (StoreFileName.TryParse(algorithm, file.Name, out StoreFileName name) && !holds.Contains(name.Digest)
                    && (name.Kind != LeftoverKind.Unreferenced || !needed.Contains(name.Digest)))
                    Add(file, name);
            }
        }

        foreach (FileInfo file in Files(folder.Manifests))
        {
            if (StoreFileName.TryParse(Digest.Sha256, file.Name, out StoreFileName name)
                && (name.Kind == LeftoverKind.Damaged || (name.Kind == LeftoverKind.Unreferenced && index.Find(name.Digest) is null)))
                Add(file, name);
        }

        return found;

        void Add(FileInfo file, StoreFileName name)
        {
            FileStatus status = FileStatus.OfLink(file.FullName);
            if (status.IsRegular && AgeOf(status) >= ages.Of(name.Kind))
                found.Add(new StoreLeftover(file.Name, name.Digest, name.Kind, file.FullName, status.Links > 1 ? 0 : status.AllocatedBytes));
        }
    }

    /// <summary>
    /// Removes files of interrupted loads, copies and repackaging, which nothing can continue. A file that a process still writes is left. It needs no lock of
    /// the store.
    /// </summary>
    public CollectedFiles RemoveUnfinished()
    {
        IReadOnlyList<StoreLeftover> removed = Remove(Find(StoreIndex.Empty, LeftoverAges.All(TimeSpan.MaxValue)));
        return new CollectedFiles(removed.Count, removed.Sum(static file => file.Bytes));
    }

    /// <summary>Removes files and returns those that are gone. An incomplete file that any process writes is left.</summary>
    public IReadOnlyList<StoreLeftover> Remove(IReadOnlyList<StoreLeftover> files) => [.. files.Where(TryDelete)];

    /// <summary>
    /// Makes space for a list with fewer models, on a disk on which it cannot be written: removes one file after the other until it can be. First
    /// files that nobody needs, then the files of the removed models, and at last what pulls could continue. A crash in between leaves a list with a model that
    /// lacks files, which a pull or a removal mends.
    /// </summary>
    /// <param name="before">The list on the disk.</param>
    /// <param name="after">The new list.</param>
    /// <param name="tryWrite">Writes the new list. False: there is still no space.</param>
    /// <returns>Whether it was written.</returns>
    public bool MakeSpace(StoreIndex before, StoreIndex after, Func<bool> tryWrite)
    {
        StoreEntry[] removed = [.. before.Entries.Where(entry => after.Find(entry.Id) is null)];
        StoreLeftover[] leftovers = [.. Find(before, LeftoverAges.OnDemand(folder)).OrderByDescending(static file => file.Bytes)];
        if (leftovers.Where(static file => file.Kind != LeftoverKind.Partial).Any(file => TryDelete(file) && tryWrite()))
            return true;
        HashSet<Digest> needed = FindNeeded(after);
        foreach (StoreEntry entry in removed)
        {
            // The names in the bundle keep the bytes of the parts.
            FolderRemoval.Remove(folder.BundleOf(entry.Id));
            IEnumerable<(string Path, Digest? Held)> files = FilesOf(entry).Where(file => !needed.Contains(file))
                .Select(file => (Path: folder.BlobOf(file), Held: (Digest?)file)).OrderByDescending(static file => FileStatus.OfLink(file.Path).SizeBytes)
                .Append((folder.ManifestOf(entry.Id), null));
            if (files.ToArray().Any(file => TryDelete(file.Path, file.Held) && tryWrite()))
                return true;
        }

        return removed.Length > 0 && leftovers.Where(static file => file.Kind == LeftoverKind.Partial).Any(file => TryDelete(file) && tryWrite());
    }

    /// <summary>Removes the files of one model that no other model of the list needs.</summary>
    /// <param name="removed">The model; it is no longer in the list.</param>
    /// <param name="rest">The list.</param>
    public void Remove(StoreEntry removed, StoreIndex rest)
    {
        Digest[] files = [.. FilesOf(removed)];
        folder.BeforeStep?.Invoke("delete");
        FolderRemoval.Remove(folder.BundleOf(removed.Id));
        TryDelete(folder.ManifestOf(removed.Id), held: null);
        TryDelete(folder.ManifestOf(removed.Id) + StoreFolder.DamagedEnding, held: null);
        Discard(files, rest);
    }

    /// <summary>The files and folders of models that no model of the list needs.</summary>
    /// <param name="models">The models.</param>
    /// <param name="rest">The list without them.</param>
    public IReadOnlyList<string> FindFilesOnlyOf(IReadOnlyList<StoreEntry> models, StoreIndex rest)
    {
        HashSet<Digest> needed = FindNeeded(rest);
        IEnumerable<Digest> files = models.SelectMany(FilesOf).Where(file => !needed.Contains(file));
        return [.. files.Select(folder.BlobOf), .. models.Select(model => folder.BundleOf(model.Id))];
    }

    /// <summary>Removes some files, unless a model of the list or a pull needs them.</summary>
    /// <param name="files">The files.</param>
    /// <param name="index">The list.</param>
    public void Discard(IReadOnlyList<Digest> files, StoreIndex index)
    {
        HashSet<Digest> needed = FindNeeded(index);
        foreach (Digest file in files)
        {
            if (needed.Contains(file))
                continue;
            TryDelete(folder.BlobOf(file), file);
            TryDelete(folder.BlobOf(file) + StoreFolder.DamagedEnding, held: null);
        }
    }

    private HashSet<Digest> FindNeeded(StoreIndex index) => [.. index.Entries.SelectMany(FilesOf)];

    // The list and the manifest name the same files. If one of them is damaged, the other still keeps the files.
    private IEnumerable<Digest> FilesOf(StoreEntry entry) =>
        entry.Files.Concat(ManifestFile.Read(folder, entry.Id)?.Files.Select(static file => file.Digest) ?? []).Distinct();

    // A file that was linked from another tool's store, or restored from a backup, was written long ago.
    private TimeSpan AgeOf(FileStatus status) => now - (status.Changed > status.Written ? status.Changed : status.Written);

    private void RemoveBundles(StoreIndex index)
    {
        try
        {
            foreach (DirectoryInfo bundle in new DirectoryInfo(folder.Bundles).EnumerateDirectories())
            {
                if (Digest.TryParse($"{Digest.Sha256}:{bundle.Name}", out Digest id) && index.Find(id) is null)
                    FolderRemoval.Remove(bundle.FullName);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // There are no bundles, or they cannot be read. They hold links only.
        }
    }

    private static FileInfo[] Files(string path)
    {
        try
        {
            return new DirectoryInfo(path).GetFiles();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private bool TryDelete(StoreLeftover file) => file.Kind switch
    {
        LeftoverKind.Unfinished when StoreFileName.IsLink(file.Name) => TryDeleteUnlocked(file.Path, StoreFileName.LockOfLink(file.Path)),
        LeftoverKind.Partial or LeftoverKind.Unfinished => TryDeleteUnlocked(file.Path, file.Path),
        LeftoverKind.Unreferenced => TryDelete(file.Path, file.Digest),
        _ => TryDelete(file.Path, held: null),
    };

    private bool TryDeleteUnlocked(string path, string lockPath)
    {
        try
        {
            using FileLock? taken = FileLock.TryTake(lockPath);
            if (taken is null)
                return false;
            bool isDeleted = TryDelete(path, held: null);
            if (lockPath != path)
                TryDelete(lockPath);
            return isDeleted;
        }
        catch (IOException)
        {
            return false;
        }
    }

    // A file of a model may be taken into use until the moment in which it is removed.
    private bool TryDelete(string path, Digest? held)
    {
        folder.BeforeStep?.Invoke("delete");
        return held is { } file ? holds.RemoveUnheld(file, () => TryDelete(path)) : TryDelete(path);
    }

    private static bool TryDelete(string path)
    {
        try
        {
            bool exists = FileStatus.OfLink(path).Exists;
            File.Delete(path);
            return exists;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
