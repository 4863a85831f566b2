using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Layout;

/// <summary>
/// A file of a model while it is fetched. It keeps what was written over any interruption, has one writer at a time, and gets its final name only
/// when its length and its digest are right. Not safe for several threads.
/// </summary>
internal sealed class PartialBlob : IDisposable
{
    private const int BufferSize = 1024 * 1024;

    private static readonly TimeSpan WriterPatience = TimeSpan.FromSeconds(10);

    private readonly StoreFolder _folder;
    private readonly Descriptor _file;
    private readonly string _path;
    private readonly FileLock _lock;
    private readonly IncrementalHash _hash;

    private PartialBlob(StoreFolder folder, Descriptor file, string path, FileLock taken)
    {
        (_folder, _file, _path, _lock) = (folder, file, path, taken);
        _hash = ContentHash.Begin(file.Digest);
    }

    /// <summary>Bytes that are written and hashed.</summary>
    public long Length { get; private set; }

    /// <summary>Bytes that are still missing.</summary>
    public long Missing => _file.Size - Length;

    /// <summary>Bytes in the file of an earlier attempt; 0: none. It opens nothing.</summary>
    public static long LengthOf(StoreFolder folder, Descriptor file) => FileStatus.Of(PathOf(folder, file)).SizeBytes;

    /// <summary>Bytes that the file of an earlier or a running attempt occupies on the disk, those that are only reserved included.</summary>
    public static long ReservedOf(StoreFolder folder, Descriptor file)
    {
        FileStatus status = FileStatus.Of(PathOf(folder, file));
        return Math.Max(status.SizeBytes, status.AllocatedBytes);
    }

    /// <summary>Opens it; a missing one is created. What an earlier attempt wrote is not hashed yet: <see cref="ContinueAsync"/> does that.</summary>
    /// <returns>Null while another writer has it.</returns>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static PartialBlob? TryOpen(StoreFolder folder, Descriptor file)
    {
        string path = PathOf(folder, file);
        folder.BeforeStep?.Invoke("open");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return FileLock.TryTake(path) is { } taken ? new PartialBlob(folder, file, path, taken) : null;
    }

    /// <summary>As <see cref="TryOpen"/>, and waits for another writer.</summary>
    /// <returns>Null if another writer had it for 10 s.</returns>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static async Task<PartialBlob?> OpenAsync(StoreFolder folder, Descriptor file, TimeProvider time, CancellationToken cancellationToken)
    {
        long start = time.GetTimestamp();
        while (true)
        {
            if (TryOpen(folder, file) is { } blob)
                return blob;
            if (time.GetElapsedTime(start) >= WriterPatience)
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

    /// <summary>Takes the content of another file without a copy, on a file system that can do that, and completes the file.</summary>
    /// <param name="source">The other file. It may change at any time: what is hashed is the own content.</param>
    /// <param name="progress">Gets the number of bytes of each step.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>False: the file system cannot do that, and nothing has changed.</returns>
    /// <exception cref="StoreException">The bytes are wrong. They are dropped.</exception>
    /// <exception cref="IOException">It cannot be read or renamed.</exception>
    public async Task<bool> TryCloneAsync(AdoptedFile source, Action<int> progress, CancellationToken cancellationToken)
    {
        if (!FileClone.TryClone(source.File, _lock.File))
            return false;
        await ContinueAsync(progress, cancellationToken);
        Complete();
        return true;
    }

    /// <summary>
    /// Makes the file a second name of another file, when that has been hashed. What an earlier attempt wrote is kept until then. If the result is true, only
    /// disposal is allowed.
    /// </summary>
    /// <param name="source">The other file. Nobody may write to it who may not write to the store.</param>
    /// <param name="progress">Gets the bytes that were hashed.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>False: there can be no second name, or the file has changed meanwhile.</returns>
    /// <exception cref="StoreException">The bytes are wrong.</exception>
    public async Task<bool> TryLinkAsync(AdoptedFile source, Action<long> progress, CancellationToken cancellationToken)
    {
        string final = _folder.BlobOf(_file.Digest);
        string name = $"{final}.link{StoreFolder.PartialEnding}";
        File.Delete(name);
        if (!HardLink.TryCreate(source.Path, name))
            return false;
        try
        {
            Digest actual = await HashAsync(source.File, progress, cancellationToken);
            if (actual != _file.Digest)
                throw new StoreException(StoreErrorReason.WrongBytes, $"the bytes have the digest {actual}, and {_file.Digest} was asked for");
            FileStatus linked = FileStatus.OfLink(name);
            if (!linked.IsSameFileAs(source.Status) || linked.Written != source.Status.Written || linked.SizeBytes != _file.Size)
                return false;
            File.Move(name, final, overwrite: true);
        }
        finally
        {
            File.Delete(name);
        }

        DurableFile.FlushFolder(Path.GetDirectoryName(final)!);
        File.Delete(_path);
        _lock.Dispose();
        return true;
    }

    /// <summary>Copies what is missing from another file, and completes the file.</summary>
    /// <param name="source">The other file. It may change at any time: what is hashed is what was written.</param>
    /// <param name="progress">Gets the number of bytes of each step.</param>
    /// <param name="cancellationToken">Ends it. What was copied is kept.</param>
    /// <returns>False: the other file ended too early.</returns>
    /// <exception cref="StoreException">There is no space, or the bytes are wrong and are dropped.</exception>
    /// <exception cref="IOException">It cannot be read or written.</exception>
    public async Task<bool> TryCopyAsync(AdoptedFile source, Action<int> progress, CancellationToken cancellationToken)
    {
        Reserve();
        await ContinueAsync(progress, cancellationToken);
        byte[] buffer = new byte[BufferSize];
        while (Missing > 0)
        {
            int read = await RandomAccess.ReadAsync(source.File, buffer.AsMemory(0, (int)Math.Min(Missing, BufferSize)), Length, cancellationToken);
            if (read == 0)
                return false;
            await AppendAsync(buffer.AsMemory(0, read), cancellationToken);
            progress(read);
        }

        Complete();
        return true;
    }

    /// <summary>Drops all bytes.</summary>
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
    /// allowed. Wrong bytes are dropped, and the file can be fetched again.
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
        string final = _folder.BlobOf(_file.Digest);
        File.Move(_path, final, overwrite: true);
        DurableFile.FlushFolder(Path.GetDirectoryName(final)!);
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
            long length = RandomAccess.GetLength(_lock.File);
            RandomAccess.SetLength(_lock.File, length);
            if (length == 0)
                File.Delete(_path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The collection removes it later.
        }

        _lock.Dispose();
    }

    // A manifest may name a wrong size. It must not spoil what a pull with the right size has fetched.
    private static string PathOf(StoreFolder folder, Descriptor file)
    {
        string path = folder.PartialOf(file.Digest);
        return FileStatus.Of(path).SizeBytes <= file.Size ? path
            : string.Create(CultureInfo.InvariantCulture, $"{folder.BlobOf(file.Digest)}.{file.Size}{StoreFolder.PartialEnding}");
    }

    private async Task<Digest> HashAsync(SafeFileHandle file, Action<long> progress, CancellationToken cancellationToken)
    {
        using IncrementalHash hash = ContentHash.Begin(_file.Digest);
        byte[] buffer = new byte[BufferSize];
        long length = 0;
        while (await RandomAccess.ReadAsync(file, buffer, length, cancellationToken) is > 0 and var read)
        {
            hash.AppendData(buffer, 0, read);
            progress(length += read);
        }

        return ContentHash.End(hash);
    }

    private void Restart(bool keepsBytes)
    {
        _hash.GetHashAndReset();
        Length = 0;
        if (!keepsBytes)
            RandomAccess.SetLength(_lock.File, 0);
    }

    private static StoreException NoSpace(long missing, Exception? cause) => new(
        StoreErrorReason.NoSpace,
        $"there is no space for {missing} more bytes in the model store; what was fetched is kept: make space and pull again", cause);
}
