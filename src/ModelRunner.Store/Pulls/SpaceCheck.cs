using ModelRunner.Linux.Files;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Pulls;

/// <summary>Compares what a pull must still write with what is free, before the first byte.</summary>
internal static class SpaceCheck
{
    /// <summary>Checks the space of a store.</summary>
    /// <param name="store">The store.</param>
    /// <param name="manifest">The files of the model.</param>
    /// <param name="spareBytes">Bytes that must stay free.</param>
    /// <param name="linked">The files that need no space.</param>
    /// <param name="repository">As in <see cref="FileFetcher"/>: it says which partial files the pull continues.</param>
    /// <exception cref="StoreException">It is not enough.</exception>
    public static void Check(
        ModelStore store, ArtifactManifest manifest, long spareBytes, IReadOnlySet<Digest>? linked = null, string? repository = null)
    {
        Directory.CreateDirectory(store.Folder.Root);
        long missing = manifest.Files.Where(file => !store.Has(file) && linked?.Contains(file.Digest) != true).Sum(
            file => Math.Max(0, file.Size - PartialBlob.ReservedOf(store.Folder, file, repository)));
        if (missing == 0 || DiskSpace.Available(store.Folder.Root) is not { } free || free >= missing + spareBytes)
            return;
        throw NoSpace($"the model needs {FileSizeText.Format(missing)} more", spareBytes, free);
    }

    /// <summary>The error of a disk that is too full.</summary>
    /// <param name="need">The clause that says what is needed.</param>
    /// <param name="spareBytes">Bytes that must stay free.</param>
    /// <param name="free">Bytes that are free.</param>
    /// <param name="cause">The failure that showed it; null: none.</param>
    public static StoreException NoSpace(string need, long spareBytes, long free, Exception? cause = null) => new(
        StoreErrorReason.NoSpace,
        $"{need}, and {FileSizeText.Format(spareBytes)} must stay free, but the disk of the model store has {FileSizeText.Format(free)}; "
        + "make space, or name a folder on another disk in MODELS_PATH", cause);
}
