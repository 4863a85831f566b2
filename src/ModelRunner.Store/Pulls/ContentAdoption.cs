using ModelRunner.Linux.Files;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Foreign;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Pulls;

/// <summary>
/// Takes a file from the store of another tool instead of downloading it. Each byte is hashed before the file is used, and the other tool's file is never
/// written. Safe to call from any thread.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="places">Reads where other tools have files.</param>
/// <param name="time">The clock.</param>
internal sealed class ContentAdoption(ModelStore store, Func<IReadOnlyList<ContentPlace>> places, TimeProvider time)
{
    /// <summary>A disk that does not respond must not delay a pull for longer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>The files that will need no space, because they become a second name of another tool's file.</summary>
    public async Task<IReadOnlySet<Digest>> FindLinkedAsync(IEnumerable<Descriptor> files, CancellationToken cancellationToken)
    {
        // Before the first pull, it does not exist.
        Directory.CreateDirectory(store.Folder.Root);
        ulong device = FileStatus.Of(store.Folder.Root).Id.Device;
        var linked = new HashSet<Digest>();
        foreach (Descriptor file in files)
        {
            if (await FindAsync(file, cancellationToken) is [{ } found, ..] && CanLink(found.Status) && found.Status.Id.Device == device)
                linked.Add(file.Digest);
        }

        return linked;
    }

    /// <summary>Completes a file with the one of another tool.</summary>
    /// <param name="blob">The file; it is completed if the result is true.</param>
    /// <param name="progress">Where its progress is shown.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>False: no tool has it, or none has the right bytes.</returns>
    /// <exception cref="StoreException">There is no space for a copy.</exception>
    /// <exception cref="IOException">The store cannot be written.</exception>
    public async Task<bool> TryAdoptAsync(PartialBlob blob, FileProgress progress, CancellationToken cancellationToken)
    {
        foreach (FoundContent found in await FindAsync(progress.File, cancellationToken))
        {
            progress.FoundIn = found.Tool;
            if (await TryAdoptAsync(blob, progress, found, cancellationToken))
                return true;
        }

        progress.FoundIn = null;
        return false;
    }

    // Only its owner can change such a file, and that is the user to whom the store belongs too. Tools that name files by their digest write them
    // under another name first, and never again afterwards.
    private static bool CanLink(FileStatus status) => status.IsPrivate;

    private static async Task<bool> TryAdoptAsync(PartialBlob blob, FileProgress progress, FoundContent found, CancellationToken cancellationToken)
    {
        using FileStream? source = Open(found.Path);
        if (source is null || source.Length != progress.File.Size)
            return false;
        var adopted = new AdoptedFile(source.SafeFileHandle, found.Path, FileStatus.Of(source.SafeFileHandle));
        try
        {
            return await blob.TryCloneAsync(adopted, Show, cancellationToken)
                || (CanLink(adopted.Status) && await blob.TryLinkAsync(adopted, progress.Reach, cancellationToken))
                || await blob.TryCopyAsync(adopted, Show, cancellationToken);
        }
        catch (StoreException failure) when (failure.Reason == StoreErrorReason.WrongBytes)
        {
            // The other tool's file is damaged. It is the tool's to repair.
            return false;
        }
        catch (IOException failure) when (!DiskSpace.IsFull(failure))
        {
            // Its disk is damaged, or gone. If it is the disk of the store, the download fails too.
            blob.Restart();
            return false;
        }

        void Show(int bytes) => progress.Reach(blob.Length);
    }

    private static FileStream? Open(string path)
    {
        try
        {
            return RegularFile.Open(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private async Task<IReadOnlyList<FoundContent>> FindAsync(Descriptor file, CancellationToken cancellationToken)
    {
        try
        {
            return await Task.Run(() => ContentFinder.Find(file, places()), cancellationToken).WaitAsync(Patience, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return [];
        }
    }
}
