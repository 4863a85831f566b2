using System.Buffers;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Archives;

/// <summary>
/// A model of the store as a tar archive in the form of Docker Model Runner: the layers and the configuration as <c>blobs/sha256/HEX</c>, then
/// <c>manifest.json</c>. Its length is known in advance, and it is written without a temporary file. Its files are kept until disposal.
/// </summary>
internal sealed class ModelArchive : IDisposable
{
    /// <summary>The key of the value for the whole archive that has the name of the model. Docker Model Runner passes over it.</summary>
    public const string NameKey = "MODELRUNNER.name";

    private const int BufferSize = 1024 * 1024;

    private readonly StoreFolder _folder;
    private readonly IReadOnlyList<Descriptor> _files;
    private readonly string? _name;
    private readonly HeldModel _model;

    private ModelArchive(StoreFolder folder, HeldModel model, string? name)
    {
        (_folder, _model, _name) = (folder, model, name);

        // The layers come first, as Docker Model Runner writes them.
        _files = [.. model.Manifest.Layers.Append(model.Manifest.Config).DistinctBy(static file => file.Digest)];
    }

    /// <summary>The length of the archive in bytes.</summary>
    public long Length => LengthOf(_name, _files, _model.Bytes);

    /// <summary>Opens the archive of a model.</summary>
    /// <param name="store">The store.</param>
    /// <param name="entry">The model.</param>
    /// <param name="name">The name that is written into the archive; null: none.</param>
    /// <exception cref="StoreException">The model was removed, or its files cannot be used.</exception>
    public static ModelArchive Open(ModelStore store, StoreEntry entry, string? name) =>
        new(store.Folder, HeldModel.Open(store, entry.Id, entry.ShownName), name);

    /// <summary>Writes the archive. The last bytes of a file are written only if the digest of the whole file is right.</summary>
    /// <exception cref="StoreException">The bytes of a file are wrong.</exception>
    /// <exception cref="IOException">A file cannot be read any more, or the target cannot be written.</exception>
    public async Task WriteAsync(Stream target, CancellationToken cancellationToken)
    {
        await target.WriteAsync(Begin(_name), cancellationToken);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            foreach (Descriptor file in _files)
                await WriteAsync(file, target, buffer, cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        await target.WriteAsync(EndOf(_model.Bytes), cancellationToken);
    }

    public void Dispose() => _model.Dispose();

    /// <summary>The beginning of an archive: its name and its folders.</summary>
    public static byte[] Begin(string? name) =>
        [.. name is null ? [] : TarHeader.OfValue(NameKey, name), .. TarHeader.OfFolder("blobs"), .. TarHeader.OfFolder($"blobs/{Digest.Sha256}")];

    /// <summary>The length of an archive in bytes.</summary>
    public static long LengthOf(string? name, IEnumerable<Descriptor> files, byte[] manifest) =>
        Begin(name).Length + files.Sum(static file => HeadOf(file).Length + file.Size + TarHeader.PaddingOf(file.Size)) + EndOf(manifest).Length;

    /// <summary>Writes one file, with what comes before and after its bytes.</summary>
    /// <param name="file">The file.</param>
    /// <param name="source">Its bytes.</param>
    /// <param name="target">The archive.</param>
    /// <param name="buffer">Used while it runs.</param>
    /// <param name="count">Gets the number of bytes that were written, again and again; null: nobody counts.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False: the bytes ended too early.</returns>
    public static async Task<bool> TryWriteAsync(
        Descriptor file, Stream source, Stream target, Memory<byte> buffer, Action<int>? count, CancellationToken cancellationToken)
    {
        await target.WriteAsync(HeadOf(file), cancellationToken);
        long left = file.Size;
        while (left > 0)
        {
            int read = await source.ReadAsync(buffer[..(int)Math.Min(left, buffer.Length)], cancellationToken);
            if (read == 0)
                return false;
            await target.WriteAsync(buffer[..read], cancellationToken);
            count?.Invoke(read);
            left -= read;
        }

        await target.WriteAsync(new byte[TarHeader.PaddingOf(file.Size)], cancellationToken);
        return true;
    }

    /// <summary>What comes after the last file: the manifest and the end.</summary>
    public static byte[] EndOf(byte[] manifest) =>
        [.. TarHeader.OfFile("manifest.json", manifest.Length), .. manifest, .. new byte[TarHeader.PaddingOf(manifest.Length)], .. TarHeader.End];

    // What comes before the bytes of a file.
    private static byte[] HeadOf(Descriptor file) => TarHeader.OfFile($"blobs/{file.Digest.Algorithm}/{file.Digest.Hex}", file.Size);

    private async Task WriteAsync(Descriptor file, Stream target, byte[] buffer, CancellationToken cancellationToken)
    {
        FileStream opened = RegularFile.Open(_folder.BlobOf(file.Digest)) ?? throw new IOException($"the file {file.Digest} was removed");
        await using var source = new CheckedStream(opened, file);
        if (!await TryWriteAsync(file, source, target, buffer, null, cancellationToken))
            throw new IOException($"the file {file.Digest} became shorter");
    }
}
