using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Layout;

/// <summary>
/// A file of a model while it is written. It has one writer at a time, and gets its final name only when its length and its digest are right. That of a pull
/// keeps what was written over any interruption. Whatever cannot be continued is written to a file of its own. Not safe for several threads.
/// </summary>
internal sealed class PartialBlob : IBlobTarget, IDisposable
{
    private const int BufferSize = 1024 * 1024;

    /// <summary>How long a writer waits for another one that writes nothing.</summary>
    internal static readonly TimeSpan WriterPatience = TimeSpan.FromMinutes(1);

    private readonly StoreFolder _folder;
    private readonly Descriptor _file;
    private readonly string _path;
    private readonly FileLock _lock;
    private readonly IncrementalHash _hash;
    private readonly bool _isOfPull;
    private bool _isReserved;

    private PartialBlob(StoreFolder folder, Descriptor file, string path, FileLock taken, bool isOfPull)
    {
        (_folder, _file, _path, _lock, _isOfPull) = (folder, file, path, taken, isOfPull);
        _hash = ContentHash.Begin(file.Digest);
    }

    /// <summary>Bytes that are written and hashed.</summary>
    public long Length { get; private set; }

    /// <summary>Bytes that are still missing.</summary>
    public long Missing => _file.Size - Length;

    /// <summary>Bytes in the file of an earlier attempt; 0: none. It opens nothing.</summary>
    /// <param name="folder">The store.</param>
    /// <param name="file">The file.</param>
    /// <param name="repository">As in <see cref="TryOpen(StoreFolder, Descriptor, string?)"/>.</param>
    public static long LengthOf(StoreFolder folder, Descriptor file, string? repository = null) =>
        FileStatus.Of(PathOf(folder, file, repository)).SizeBytes;

    /// <summary>Bytes that the file of an earlier or a running attempt occupies on the disk, those that are only reserved included.</summary>
    /// <param name="folder">The store.</param>
    /// <param name="file">The file.</param>
    /// <param name="repository">As in <see cref="TryOpen(StoreFolder, Descriptor, string?)"/>.</param>
    public static long ReservedOf(StoreFolder folder, Descriptor file, string? repository = null)
    {
        FileStatus status = FileStatus.Of(PathOf(folder, file, repository));
        return Math.Max(status.SizeBytes, status.AllocatedBytes);
    }

    /// <summary>
    /// Opens the file of a pull; a missing one is created. What an earlier attempt wrote is not hashed yet: <see cref="ContinueAsync"/> does that.
    /// </summary>
    /// <param name="folder">The store.</param>
    /// <param name="file">The file.</param>
    /// <param name="repository">
    /// The only repository, with its registry, from which the bytes may come. It then has a partial file of its own, so that wrong bytes, a wrong size or a
    /// slow registry cost no other pull anything. Null: the bytes may come from anywhere.
    /// </param>
    /// <returns>Null while another writer has it.</returns>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static PartialBlob? TryOpen(StoreFolder folder, Descriptor file, string? repository = null) =>
        TryOpen(folder, file, PathOf(folder, file, repository), isOfPull: true);

    /// <summary>
    /// Opens an empty file of its own, beside what a pull has fetched: that is removed only when this one is complete. Without that, this one is removed by
    /// disposal.
    /// </summary>
    /// <param name="folder">The store.</param>
    /// <param name="file">The file.</param>
    /// <param name="purpose">A part of its name, one word.</param>
    /// <returns>Null while another writer has it.</returns>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static PartialBlob? TryOpenOwn(StoreFolder folder, Descriptor file, string purpose)
    {
        PartialBlob? blob = TryOpen(folder, file, OwnPathOf(folder, file, purpose), isOfPull: false);
        try
        {
            // After kill -9 there is an old one.
            blob?.Restart();
            return blob;
        }
        catch
        {
            blob?.Dispose();
            throw;
        }
    }

    /// <summary>As <see cref="TryOpenOwn"/>, and waits while another writer writes. The file may be there afterwards.</summary>
    /// <returns>Null if another writer had it and wrote nothing for <see cref="WriterPatience"/>.</returns>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static async Task<PartialBlob?> OpenOwnAsync(
        StoreFolder folder, Descriptor file, string purpose, TimeProvider time, CancellationToken cancellationToken)
    {
        (long written, long start) = (0, time.GetTimestamp());
        while (true)
        {
            if (TryOpenOwn(folder, file, purpose) is { } blob)
                return blob;
            long length = FileStatus.Of(OwnPathOf(folder, file, purpose)).SizeBytes;
            if (length != written)
                (written, start) = (length, time.GetTimestamp());
            else if (time.GetElapsedTime(start) >= WriterPatience)
                return null;
            await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancellationToken);
        }
    }

    /// <summary>Reserves the space of the whole file.</summary>
    /// <exception cref="StoreException">It is not there.</exception>
    public void Reserve()
    {
        if (!DiskSpace.TryReserve(_lock.File, _file.Size))
            throw NoSpace(_file.Size - RandomAccess.GetLength(_lock.File), null);
        _isReserved = true;
    }

    /// <summary>Takes the content of another file without a copy, on a file system that can do that. It must be empty.</summary>
    /// <param name="source">The other file. It may change at any time: what is hashed is the own content.</param>
    /// <param name="progress">Gets the number of bytes of each step.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>False: the file system cannot do that, and nothing has changed.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    public async Task<bool> TryCloneAsync(SafeFileHandle source, Action<int> progress, CancellationToken cancellationToken)
    {
        if (!FileClone.TryClone(source, _lock.File))
            return false;
        await ContinueAsync(progress, cancellationToken);
        return true;
    }

    /// <summary>Reads and hashes what an earlier attempt wrote.</summary>
    /// <param name="progress">Gets the number of bytes of each step.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    public async Task ContinueAsync(Action<int> progress, CancellationToken cancellationToken)
    {
        Restart(keepsBytes: true);
        byte[] buffer = new byte[BufferSize];
        while (await RandomAccess.ReadAsync(_lock.File, buffer, Length, cancellationToken) is > 0 and var read)
        {
            _hash.AppendData(buffer, 0, read);
            Length += read;
            progress(read);
        }
    }

    /// <summary>Drops all bytes. Space that was reserved stays reserved.</summary>
    public void Restart() => Restart(keepsBytes: false);

    /// <summary>Adds bytes at the end.</summary>
    /// <exception cref="StoreException">There are more bytes than the file may have, or the disk is full; what is written stays.</exception>
    /// <exception cref="IOException">It cannot be written.</exception>
    public async ValueTask AppendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        if (bytes.Length > Missing)
            throw new StoreException(StoreErrorReason.WrongBytes, $"the server sends more than the {_file.Size} bytes of {_file.Digest}");

        _folder.BeforeStep?.Invoke("append");
        try
        {
            await RandomAccess.WriteAsync(_lock.File, bytes, Length, cancellationToken);
        }
        catch (IOException failure) when (DiskSpace.IsFull(failure))
        {
            // A part may be written, which was not hashed.
            RandomAccess.SetLength(_lock.File, Length);
            throw NoSpace(Missing, failure);
        }

        _hash.AppendData(bytes.Span);
        Length += bytes.Length;
    }

    /// <summary>
    /// Checks the digest, writes everything to the disk, gives the file its final name and releases it; then only disposal is
    /// allowed. If a whole file has this name already, that one stays, and this one is removed. Wrong bytes are dropped, and the file can be fetched again.
    /// </summary>
    /// <exception cref="StoreException">Bytes are missing, or they are wrong.</exception>
    /// <exception cref="IOException">It cannot be written or renamed.</exception>
    public void Complete()
    {
        if (Missing != 0)
            throw new StoreException(StoreErrorReason.WrongBytes, $"{Missing} of the {_file.Size} bytes of {_file.Digest} are missing");
        Digest actual = ContentHash.End(_hash);
        if (actual != _file.Digest)
        {
            Restart();
            throw new StoreException(StoreErrorReason.WrongBytes, $"the bytes have the digest {actual}, and {_file.Digest} was asked for");
        }

        _folder.BeforeStep?.Invoke("complete");
        RandomAccess.FlushToDisk(_lock.File);
        BlobName.Give(_folder, _file, _path);
        _lock.Dispose();
        RemoveOfPull();
    }

    /// <summary>Removes and releases it, because the file is there now; then only disposal is allowed.</summary>
    /// <exception cref="IOException">It cannot be removed.</exception>
    public void Remove()
    {
        File.Delete(_path);
        _lock.Dispose();
    }

    /// <summary>Gives back the space that was reserved and not used, and releases the file. An empty one is removed.</summary>
    public void Dispose()
    {
        _hash.Dispose();
        if (_lock.File.IsClosed)
            return;
        try
        {
            long length = _isOfPull ? RandomAccess.GetLength(_lock.File) : 0;
            if (length == 0)
                File.Delete(_path);
            RandomAccess.SetLength(_lock.File, length);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // A collection removes it later.
        }

        _lock.Dispose();
    }

    private static PartialBlob? TryOpen(StoreFolder folder, Descriptor file, string path, bool isOfPull)
    {
        folder.BeforeStep?.Invoke("open");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return FileLock.TryTake(path) is { } taken ? new PartialBlob(folder, file, path, taken, isOfPull) : null;
    }

    // Nobody will continue it. A pull that is writing it ends with the same bytes.
    private void RemoveOfPull()
    {
        string path = PathOf(_folder, _file, repository: null);
        try
        {
            if (!FileStatus.OfLink(path).Exists)
                return;
            using FileLock? taken = FileLock.TryTake(path);
            if (taken is not null)
                File.Delete(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The collection removes it later.
        }
    }

    private static string OwnPathOf(StoreFolder folder, Descriptor file, string purpose) =>
        $"{folder.BlobOf(file.Digest)}.{purpose}{StoreFolder.PartialEnding}";

    // A manifest may name a wrong size. It must not spoil what a pull with the right size has fetched.
    private static string PathOf(StoreFolder folder, Descriptor file, string? repository)
    {
        if (repository is not null)
            return $"{folder.BlobOf(file.Digest)}.key-{HashOf(repository, file.Size)}{StoreFolder.PartialEnding}";
        string path = folder.PartialOf(file.Digest);
        return FileStatus.Of(path).SizeBytes <= file.Size ? path
            : string.Create(CultureInfo.InvariantCulture, $"{folder.BlobOf(file.Digest)}.{file.Size}{StoreFolder.PartialEnding}");
    }

    // A repository may be too long for a name. Nobody finds another one with the same 128 bits.
    private static string HashOf(string repository, long size) =>
        ContentHash.Of(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{size} {repository}"))).Hex[..32];

    private void Restart(bool keepsBytes)
    {
        _hash.GetHashAndReset();
        Length = 0;
        if (keepsBytes)
            return;
        RandomAccess.SetLength(_lock.File, 0);

        // That gave the space back. If another program has taken it meanwhile, a write says so.
        if (_isReserved)
            _ = DiskSpace.TryReserve(_lock.File, _file.Size);
    }

    private StoreException NoSpace(long missing, Exception? cause) => new(
        StoreErrorReason.NoSpace,
        $"there is no space for {missing} more bytes in the model store; "
        + (_isOfPull ? "what was fetched is kept: make space and pull again" : "make space and try again"), cause);
}
