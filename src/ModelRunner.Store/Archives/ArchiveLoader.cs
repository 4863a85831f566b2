using ModelRunner.Linux.Files;
using ModelRunner.Linux.Terminals;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;
using ModelRunner.Store.Pulls;

namespace ModelRunner.Store.Archives;

/// <summary>
/// Loads a model from a tar archive into the store. Names of entries never become paths: a file is stored by its digest, which its bytes must have. The
/// model is listed if all its files are there. What the archive brought besides, or brought in vain, is removed again.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="spareBytes">Bytes that must stay free on the disk.</param>
/// <param name="time">The clock.</param>
internal sealed class ArchiveLoader(ModelStore store, long spareBytes, TimeProvider time)
{
    private const int BufferSize = 1024 * 1024;
    private const int MaxShown = 100;

    /// <summary>Loads an archive.</summary>
    /// <param name="archive">The archive; it is read to its end.</param>
    /// <param name="name">The name that the model gets. Null: the one in the archive, unless another model has it.</param>
    /// <param name="cancellationToken">Ends it; then nothing stays.</param>
    /// <exception cref="ArchiveException">It holds no model that can be served.</exception>
    /// <exception cref="StoreException">There is no space, or the store cannot be written.</exception>
    /// <exception cref="IOException">The archive cannot be read, or a file cannot be written.</exception>
    public async Task<LoadedModel> LoadAsync(Stream archive, string? name, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(store.Folder.Root);
        var brought = new List<Digest>();
        var held = new List<IDisposable>();
        try
        {
            var tar = new TarReader(archive);
            byte[]? manifest = null;
            var sizes = new Dictionary<Digest, long>();
            while (await tar.NextAsync(cancellationToken) is { } entry)
            {
                if (!entry.IsFile)
                    continue;
                if (entry.Name is "manifest.json" or "./manifest.json")
                    manifest = manifest is null ? await ReadManifestAsync(tar, entry, cancellationToken) : throw new ArchiveException("has two manifests");
                else if (FindDigest(entry) is { } digest)
                    await StoreAsync(tar, new Descriptor("", digest, sizes[digest] = entry.Size), brought, held, cancellationToken);
            }

            ArtifactManifest read = Check(manifest, sizes);
            StoreEntry listed = await store.AddAsync(manifest, index => name ?? FindFreeName(tar, index, ContentHash.Of(manifest)), cancellationToken);
            brought.RemoveAll(digest => read.Files.Any(file => file.Digest == digest));
            return new LoadedModel(listed, read.TotalBytes);
        }
        finally
        {
            held.ForEach(static hold => hold.Dispose());
            if (brought.Count > 0)
                await store.DiscardAsync(brought);
        }
    }

    private static async Task<byte[]> ReadManifestAsync(TarReader tar, TarEntry entry, CancellationToken cancellationToken) =>
        entry.Size > ManifestReader.MaxBytes
            ? throw new ArchiveException($"has a manifest of {entry.Size} bytes; at most {ManifestReader.MaxBytes} are read")
            : await tar.ReadAllAsync(cancellationToken);

    // Null: it is no file of a model, and is passed over. So are copies of manifests in some archives.
    private static Digest? FindDigest(TarEntry entry)
    {
        string[] parts = (entry.Name.StartsWith("./", StringComparison.Ordinal) ? entry.Name[2..] : entry.Name).Split('/');
        if (parts[0].Length == 0 || parts.Contains(".."))
            throw new ArchiveException($"has an entry with the path \"{Show(entry)}\", which leads out of it");
        if (parts is not ["blobs", var algorithm, var hex])
            return null;
        return Digest.TryParse($"{algorithm}:{hex}", out Digest digest)
            ? digest
            : throw new ArchiveException($"has the file \"{Show(entry)}\", whose name is no digest of lower-case hexadecimal digits");
    }

    private async Task StoreAsync(
        TarReader tar, Descriptor file, List<Digest> brought, List<IDisposable> held, CancellationToken cancellationToken)
    {
        held.Add(store.Holds.Hold([file.Digest]));
        if (store.Has(file))
            return;
        using PartialBlob blob = await PartialBlob.OpenOwnAsync(store.Folder, file, StoreFileName.LoadPurpose, time, cancellationToken)
            ?? throw new StoreException(
                StoreErrorReason.Busy,
                $"another archive with the file {file.Digest} is being loaded, and no bytes came for {PartialBlob.WriterPatience.TotalSeconds:0} s; "
                + "load this one when it has ended");

        // Another archive brought it while this one waited.
        if (store.Has(file))
            return;
        CheckSpace(file);
        try
        {
            blob.Reserve();
            byte[] buffer = new byte[Math.Min(BufferSize, Math.Max(1, file.Size))];
            while (await tar.ReadAsync(buffer, cancellationToken) is > 0 and var read)
                await blob.AppendAsync(buffer.AsMemory(0, read), cancellationToken);
            brought.Add(file.Digest);
            blob.Complete();
        }
        catch (StoreException failure) when (failure.Reason == StoreErrorReason.WrongBytes)
        {
            throw new ArchiveException($"is damaged: {failure.Message}");
        }
        catch (StoreException failure) when (failure.Reason == StoreErrorReason.NoSpace)
        {
            throw NoSpace(file.Size, DiskSpace.Available(store.Folder.Root) ?? 0, failure);
        }
    }

    private void CheckSpace(Descriptor file)
    {
        if (DiskSpace.Available(store.Folder.Root) is { } free && free < file.Size + spareBytes)
            throw NoSpace(file.Size, free, null);
    }

    private StoreException NoSpace(long bytes, long free, Exception? cause) =>
        SpaceCheck.NoSpace($"a file of the model needs {FileSizeText.Format(bytes)}", spareBytes, free, cause);

    private ArtifactManifest Check([System.Diagnostics.CodeAnalysis.NotNull] byte[]? manifest, Dictionary<Digest, long> sizes)
    {
        if (manifest is null)
            throw new ArchiveException("has no manifest.json, so it holds no model");
        ArtifactManifest read = ManifestReader.TryRead(manifest, out string? problem) ?? throw new ArchiveException($"holds no model: its manifest {problem}");
        if (read.FindProblem() is { } reason)
            throw new ArchiveException($"holds a model that {reason}");
        if (read.Files.FirstOrDefault(file => !store.Has(file)) is not { } missing)
            return read;
        throw new ArchiveException(sizes.TryGetValue(missing.Digest, out long size) && size != missing.Size
            ? $"is damaged: the file {missing.Digest} has {size} bytes, and its manifest says {missing.Size} bytes; save the model again"
            : $"lacks the file {missing.Digest} ({missing.Size} bytes), which its manifest names");
    }

    // An archive of another machine must not take a name away.
    private static string? FindFreeName(TarReader tar, StoreIndex index, Digest id) =>
        tar.Values.TryGetValue(ModelArchive.NameKey, out string? text) && ArtifactNameParser.TryParse(text, out ArtifactName? name, out _)
            && (index.Find(name!.ToString()) is not { } other || other.Id == id)
            ? name.ToString()
            : null;

    private static string Show(TarEntry entry) => PlainText.EscapeAndCut(entry.Name, MaxShown);
}
