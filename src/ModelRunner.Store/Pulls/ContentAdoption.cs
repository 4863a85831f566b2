using ModelRunner.Linux.Files;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Foreign;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Pulls;

/// <summary>
/// Takes a file from the store of another tool instead of downloading it. Each byte is hashed before the file is used, and the other tool's file is never
/// written. A disk that does not respond delays a pull once. Safe to call from any thread.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="places">Reads where other tools have files.</param>
/// <param name="reader">Reads from there.</param>
internal sealed class ContentAdoption(ModelStore store, Func<IReadOnlyList<ContentPlace>> places, PlaceReader reader)
{
    /// <summary>The files that will need no space, because they become a second name of another tool's file.</summary>
    public async Task<IReadOnlySet<Digest>> FindLinkedAsync(IReadOnlyList<Descriptor> files, CancellationToken cancellationToken)
    {
        // Before the first pull, it does not exist.
        Directory.CreateDirectory(store.Folder.Root);
        ulong device = FileStatus.Of(store.Folder.Root).Id.Device;
        return (await FindAsync(files, cancellationToken)).DistinctBy(static found => found.File.Digest)
            .Where(found => CanLink(found.Found, found.Found.Status) && found.Found.Status.Id.Device == device)
            .Select(static found => found.File.Digest).ToHashSet();
    }

    /// <summary>Completes a file with the one of another tool.</summary>
    /// <param name="blob">What a pull has fetched of the file. It is removed if the result is true, and stays as it is otherwise.</param>
    /// <param name="progress">Where its progress is shown.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>False: no tool has it, or none has the right bytes, or there is no space for a copy.</returns>
    public async Task<bool> TryAdoptAsync(PartialBlob blob, FileProgress progress, CancellationToken cancellationToken)
    {
        foreach ((Descriptor _, FoundContent found) in await FindAsync([progress.File], cancellationToken))
        {
            progress.FoundIn = found.Place.Tool;
            if (!await TryAdoptAsync(progress, found, cancellationToken))
                continue;
            blob.Remove();
            return true;
        }

        progress.FoundIn = null;
        return false;
    }

    // Only its owner can change such a file, and that is the user to whom the store belongs too. Tools that name files by their digest write them
    // under another name first, and never again afterwards.
    private static bool CanLink(FoundContent found, FileStatus status) => found.Place.HasDigests && status.IsPrivate;

    private async Task<bool> TryAdoptAsync(FileProgress progress, FoundContent found, CancellationToken cancellationToken)
    {
        try
        {
            (FileStream? opened, FileStatus status) = await reader.RunAsync(
                found.Place, () => Open(found.Path), cancellationToken, static late => late.File?.Dispose());
            using FileStream? source = opened;
            if (source is null || status.SizeBytes != progress.File.Size)
                return false;
            var file = new AdoptedFile(source.SafeFileHandle, found.Path, status);
            var adoption = new BlobAdoption(store.Folder, progress.File, file, progress.Reach);
            return await adoption.TryCloneAsync(cancellationToken)
                || (CanLink(found, status) && await adoption.TryLinkAsync(cancellationToken))
                || await adoption.TryCopyAsync(
                    (buffer, offset, token) => reader.RunAsync(found.Place, () => RandomAccess.Read(file.File, buffer.Span, offset), token), cancellationToken);
        }
        catch (StoreException failure) when (failure.Reason is StoreErrorReason.WrongBytes or StoreErrorReason.NoSpace)
        {
            // A damaged file is the tool's to repair. The download may need less space than a copy, because a part is there already.
            return false;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The other disk is damaged, hangs, or is gone. If it is the disk of the store, the download fails too.
            return false;
        }
    }

    private static (FileStream? File, FileStatus Status) Open(string path) =>
        RegularFile.Open(path) is { } file ? (file, FileStatus.Of(file.SafeFileHandle)) : default;

    // In the order of the places.
    private async Task<IReadOnlyList<(Descriptor File, FoundContent Found)>> FindAsync(IReadOnlyList<Descriptor> files, CancellationToken cancellationToken) =>
        [.. (await Task.WhenAll(places().Select(place => FindAsync(files, place, cancellationToken)))).SelectMany(static found => found)];

    private async Task<IReadOnlyList<(Descriptor File, FoundContent Found)>> FindAsync(
        IReadOnlyList<Descriptor> files, ContentPlace place, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.RunAsync(place, () => ContentFinder.Find(files, place), cancellationToken);
        }
        catch (IOException)
        {
            return [];
        }
    }
}
