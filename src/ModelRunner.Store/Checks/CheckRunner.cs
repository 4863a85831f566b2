using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;
using ModelRunner.Store.Pulls;

namespace ModelRunner.Store.Checks;

/// <summary>
/// Hashes the files of models. A file with wrong bytes is hashed a second time, and set aside if the result is the same: then its models lack it, and the next
/// pull fetches it. If that is not possible, the damage is remembered, so that its models are not served. One check runs at
/// a time and reads one file at a time. Safe to call from any thread.
/// </summary>
/// <param name="store">The store.</param>
internal sealed class CheckRunner(ModelStore store) : IDisposable
{
    private const int BufferSize = 1024 * 1024;

    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>Called with the path of a file that is about to be read a second time. For tests.</summary>
    internal Action<string>? BeforeSecondRead { get; init; }

    /// <summary>
    /// Called at once for each model whose file was set aside, or is known to be damaged from now on: a check that is ended has no result.
    /// </summary>
    internal Action<StoreEntry, CheckedFile>? Affected { get; init; }

    /// <summary>Runs one check to its end.</summary>
    /// <param name="check">The check.</param>
    /// <param name="isLoaded">Whether a runner has loaded a model. Its files stay where they are.</param>
    /// <param name="cancellationToken">Ends it. What was set aside stays so.</param>
    public async Task<IReadOnlyList<CheckedModel>> RunAsync(
        StoreCheck check, Func<StoreEntry, CancellationToken, Task<bool>> isLoaded, CancellationToken cancellationToken)
    {
        if (!_turn.Wait(0, CancellationToken.None))
        {
            check.Wait();
            await _turn.WaitAsync(cancellationToken);
        }

        try
        {
            (StoreEntry Entry, CheckedFile Manifest, IReadOnlyList<Descriptor> Files)[] plans = [.. check.Entries.Select(Plan)];
            FileProgress[] files =
            [
                .. plans.SelectMany(static plan => plan.Files).DistinctBy(static file => file.Digest).Select(static file => new FileProgress(file)),
            ];
            check.Begin(files);
            var found = new Dictionary<Digest, CheckedFile>();
            foreach (FileProgress file in files)
                found[file.File.Digest] = await CheckAsync(file, isLoaded, cancellationToken);
            HashSet<Digest>? present = TryReadIds();
            var models = new List<CheckedModel>();
            foreach ((StoreEntry entry, CheckedFile manifest, IReadOnlyList<Descriptor> own) in plans)
            {
                // What a removed model lacks is no damage.
                if (present?.Contains(entry.Id) == false)
                    continue;
                CheckedFile first = manifest.Condition == FileCondition.Damaged
                    ? await SetAsideAsync(manifest, store.Folder.ManifestOf(entry.Id), [entry], isLoaded, cancellationToken)
                    : manifest;
                models.Add(new CheckedModel(entry, [first, .. own.Select(file => found[file.Digest])]));
            }

            return models;
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    // Null: the list cannot be read any more.
    private HashSet<Digest>? TryReadIds()
    {
        try
        {
            return [.. store.Read().Entries.Select(static entry => entry.Id)];
        }
        catch (StoreException)
        {
            return null;
        }
    }

    // Without its manifest, the list still names the files of a model.
    private (StoreEntry Entry, CheckedFile Manifest, IReadOnlyList<Descriptor> Files) Plan(StoreEntry entry)
    {
        string path = store.Folder.ManifestOf(entry.Id);
        FileStatus status = FileStatus.OfLink(path);
        byte[]? bytes = ManifestFile.ReadBytes(store.Folder, entry.Id);
        bool isWhole = bytes is not null && ContentHash.Matches(bytes, entry.Id);
        FileCondition condition = isWhole ? FileCondition.Whole
            : bytes is not null ? FileCondition.Damaged
            : status.Kind == FileKind.Missing ? FileCondition.Missing
            : FileCondition.Unreadable;
        var manifest = new CheckedFile(new Descriptor("", entry.Id, bytes?.Length ?? 0), condition)
        {
            IsManifest = true, Status = FileStatus.Of(path), FoundSize = bytes?.Length ?? 0, Found = bytes is null || isWhole ? null : ContentHash.Of(bytes),
        };
        if (isWhole)
            Whole(manifest);
        if (condition == FileCondition.Unreadable)
            manifest = UnreadableManifest(manifest, path);
        return (entry, manifest, isWhole && ManifestReader.TryRead(bytes!, out _) is { } read
            ? read.Files
            : [.. entry.Files.Select(file => new Descriptor("", file, FileStatus.Of(store.Folder.BlobOf(file)).SizeBytes))]);
    }

    private async Task<CheckedFile> CheckAsync(
        FileProgress progress, Func<StoreEntry, CancellationToken, Task<bool>> isLoaded, CancellationToken cancellationToken)
    {
        Descriptor file = progress.File;
        string path = store.Folder.BlobOf(file.Digest);
        CheckedFile found;
        try
        {
            found = await HashAsync(progress, path, cancellationToken);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            found = Unreadable(new CheckedFile(file, FileCondition.Unreadable), path);
        }

        progress.Reach(file.Size);
        if (found.Condition != FileCondition.Damaged)
            return found;
        IReadOnlyList<StoreEntry> list;
        try
        {
            list = store.Read().Entries;
        }
        catch (StoreException failure)
        {
            // Nobody knows which models use it.
            return found with { Problem = failure.Message };
        }

        return await SetAsideAsync(found, path, [.. list.Where(entry => entry.Files.Contains(file.Digest))], isLoaded, cancellationToken);
    }

    private static CheckedFile Unreadable(CheckedFile file, string path)
    {
        string problem = PathProblem.OfFile(path);
        UnreadableCause cause = problem switch
        {
            PathProblem.Denied => UnreadableCause.Denied,
            PathProblem.Unreadable => UnreadableCause.Hardware,
            _ when FileStatus.Of(path).IsRegular => UnreadableCause.Unopened,
            _ => UnreadableCause.NoFile,
        };
        return file with { Problem = problem, Cause = cause };
    }

    private CheckedFile Whole(CheckedFile file)
    {
        store.Folder.Damage.Remove(file.Status);
        return file;
    }

    private static CheckedFile UnreadableManifest(CheckedFile manifest, string path) =>
        FileStatus.Of(path) is { IsRegular: true, SizeBytes: > ManifestReader.MaxBytes and var size }
            ? manifest with
            {
                FoundSize = size,
                Problem = string.Create(CultureInfo.InvariantCulture, $"has {size} bytes, and a manifest has at most {ManifestReader.MaxBytes}"),
                Cause = UnreadableCause.TooLarge,
            }
            : Unreadable(manifest, path);

    private async Task<CheckedFile> HashAsync(FileProgress progress, string path, CancellationToken cancellationToken)
    {
        Descriptor file = progress.File;
        using FileStream? source = RegularFile.Open(path);
        if (source is null)
            return FileStatus.Of(path).Kind == FileKind.Missing ? new CheckedFile(file, FileCondition.Missing)
                : Unreadable(new CheckedFile(file, FileCondition.Unreadable), path);

        // A file that is written while it is read may be right in the end.
        FileStatus status = FileStatus.Of(source.SafeFileHandle);
        if (status.SizeBytes != file.Size)
            return new CheckedFile(file, FileCondition.Damaged) { FoundSize = status.SizeBytes, Status = status };
        (Digest first, long length) = await HashAsync(source.SafeFileHandle, file, progress.Reach, cancellationToken);
        if (first == file.Digest)
            return Whole(new CheckedFile(file, FileCondition.Whole) { FoundSize = length, Status = status });

        // From the disk, and not from a copy in memory that may be damaged.
        BeforeSecondRead?.Invoke(path);
        (Digest second, long _) = await HashAsync(source.SafeFileHandle, file, static _ => { }, cancellationToken);
        if (!FileStatus.Of(source.SafeFileHandle).HasContentOf(status))
        {
            return new CheckedFile(file, FileCondition.Unreadable)
            {
                FoundSize = length, Problem = "was changed while it was read", Cause = UnreadableCause.Changed,
            };
        }

        return second == first
            ? new CheckedFile(file, FileCondition.Damaged) { Found = first, FoundSize = length, Status = status }
            : new CheckedFile(file, FileCondition.Unreadable) { FoundSize = length, Problem = "has other bytes each time it is read" };
    }

    private static async Task<(Digest Digest, long Length)> HashAsync(
        SafeFileHandle source, Descriptor file, Action<long> progress, CancellationToken cancellationToken)
    {
        using IncrementalHash hash = ContentHash.Begin(file.Digest);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            long length = 0;
            while (await RandomAccess.ReadAsync(source, buffer.AsMemory(0, BufferSize), length, cancellationToken) is > 0 and var count)
            {
                hash.AppendData(buffer, 0, count);
                PageCache.Drop(source, length, count);
                progress(Math.Min(length += count, file.Size));
            }

            return (ContentHash.End(hash), length);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task<CheckedFile> SetAsideAsync(
        CheckedFile found, string path, IReadOnlyList<StoreEntry> users, Func<StoreEntry, CancellationToken, Task<bool>> isLoaded,
        CancellationToken cancellationToken)
    {
        foreach (StoreEntry entry in users)
        {
            if (await isLoaded(entry, cancellationToken))
                return found with { IsLoaded = true };
        }

        CheckedFile end = await SetAsideAsync(found, path, cancellationToken);
        if (end.HasEffect)
        {
            foreach (StoreEntry entry in users)
                Affected?.Invoke(entry, end);
        }

        return end;
    }

    private async Task<CheckedFile> SetAsideAsync(CheckedFile found, string path, CancellationToken cancellationToken)
    {
        try
        {
            bool isSetAside = await store.SetAsideAsync(path, found.Status, cancellationToken);
            if (isSetAside)
                store.Folder.Damage.Remove(found.Status);
            return found with { IsSetAside = isSetAside };
        }
        catch (StoreException failure)
        {
            // The result is worth more than the remedy.
            store.Folder.Damage.Add(found.Status);
            return found with { Problem = failure.Problem, Refusal = failure.Reason };
        }
    }
}
