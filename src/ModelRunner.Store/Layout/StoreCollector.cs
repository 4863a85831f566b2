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
    /// <summary>How long a file without a model is kept, also an incomplete one. The time is that of Docker Model Runner for incomplete files.</summary>
    public static readonly TimeSpan MinAge = TimeSpan.FromDays(7);

    /// <summary>Removes what is not needed.</summary>
    /// <param name="index">The list of models.</param>
    /// <param name="isDryRun">Whether it only counts.</param>
    public CollectedFiles Collect(StoreIndex index, bool isDryRun)
    {
        IReadOnlyList<StoreLeftover> found = Find(index, MinAge, MinAge);
        if (!isDryRun)
        {
            found = Remove(found);
            RemoveBundles(index);
        }

        return new CollectedFiles(found.Count, found.Sum(static file => file.Bytes));
    }

    /// <summary>Finds the files that no model and no pull of this process needs.</summary>
    /// <param name="index">The list of models.</param>
    /// <param name="minAge">How old a whole file must be.</param>
    /// <param name="minAgeOfPartials">How old a partial file must be.</param>
    public IReadOnlyList<StoreLeftover> Find(StoreIndex index, TimeSpan minAge, TimeSpan minAgeOfPartials)
    {
        HashSet<Digest> needed = FindNeeded(index);
        var found = new List<StoreLeftover>();
        foreach (string algorithm in (string[])[Digest.Sha256, Digest.Sha512])
        {
            foreach (FileInfo file in Files(Path.Join(folder.Blobs, algorithm)))
            {
                bool isPartial = file.Name.EndsWith(StoreFolder.PartialEnding, StringComparison.Ordinal);
                if (IsGarbage(file, algorithm, isPartial, needed))
                    Add(file, isPartial, isPartial ? minAgeOfPartials : minAge);
            }
        }

        foreach (FileInfo file in Files(folder.Manifests))
        {
            if (Digest.TryParse($"{Digest.Sha256}:{file.Name}", out Digest id) && index.Find(id) is null)
                Add(file, isPartial: false, minAge);
        }

        return found;

        void Add(FileInfo file, bool isPartial, TimeSpan age)
        {
            FileStatus status = FileStatus.OfLink(file.FullName);
            if (status.IsRegular && AgeOf(status) >= age)
                found.Add(new StoreLeftover(file.Name, isPartial, file.FullName, status.Links > 1 ? 0 : status.AllocatedBytes));
        }
    }

    /// <summary>Removes files and returns those that are gone. A partial file that a pull of any process writes is left.</summary>
    public IReadOnlyList<StoreLeftover> Remove(IReadOnlyList<StoreLeftover> files) =>
    [
        .. files.Where(file => file.IsPartial ? TryDeletePartial(file.Path)
            : Digest.TryParse($"{Path.GetFileName(Path.GetDirectoryName(file.Path))}:{file.Name}", out Digest digest) && TryDelete(file.Path, digest)),
    ];

    /// <summary>Removes the files of one model that no other model of the list needs.</summary>
    /// <param name="removed">The model; it is no longer in the list.</param>
    /// <param name="rest">The list.</param>
    public void Remove(StoreEntry removed, StoreIndex rest)
    {
        Digest[] files = [.. FilesOf(removed)];
        folder.BeforeStep?.Invoke("delete");
        FolderRemoval.Remove(folder.BundleOf(removed.Id));
        TryDelete(folder.ManifestOf(removed.Id), held: null);
        Discard(files, rest);
    }

    /// <summary>Removes some files, unless a model of the list or a pull needs them.</summary>
    /// <param name="files">The files.</param>
    /// <param name="index">The list.</param>
    public void Discard(IReadOnlyList<Digest> files, StoreIndex index)
    {
        HashSet<Digest> needed = FindNeeded(index);
        foreach (Digest file in files)
        {
            if (!needed.Contains(file))
                TryDelete(folder.BlobOf(file), file);
        }
    }

    private HashSet<Digest> FindNeeded(StoreIndex index) => [.. index.Entries.SelectMany(FilesOf)];

    // The list and the manifest name the same files. If one of them is damaged, the other still keeps the files.
    private IEnumerable<Digest> FilesOf(StoreEntry entry) =>
        entry.Files.Concat(ManifestFile.Read(folder, entry.Id)?.Files.Select(static file => file.Digest) ?? []).Distinct();

    private bool IsGarbage(FileInfo file, string algorithm, bool isPartial, HashSet<Digest> needed)
    {
        string hex = isPartial ? file.Name.Split('.')[0] : file.Name;

        // A file with another name is not one of a store.
        return Digest.TryParse($"{algorithm}:{hex}", out Digest digest) && !holds.Contains(digest) && (isPartial || !needed.Contains(digest));
    }

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

    private bool TryDeletePartial(string path)
    {
        try
        {
            using FileLock? taken = FileLock.TryTake(path);
            return taken is not null && TryDelete(path, held: null);
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
