using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Layout;

/// <summary>
/// Makes a file of another tool a file of the store. All that is written is beside what a pull has fetched, so a wrong file costs the pull nothing.
/// </summary>
/// <param name="folder">The store.</param>
/// <param name="file">The file that is wanted.</param>
/// <param name="source">The other tool's file.</param>
/// <param name="progress">Gets the number of bytes that are there and hashed.</param>
internal sealed class BlobAdoption(StoreFolder folder, Descriptor file, AdoptedFile source, Action<long> progress)
{
    private const int BufferSize = 1024 * 1024;

    /// <summary>Shares the content with the other file, on a file system that can do that. What is hashed is the own content.</summary>
    /// <returns>False: the file system cannot do that.</returns>
    /// <exception cref="StoreException">The bytes are wrong.</exception>
    /// <exception cref="IOException">It cannot be read or renamed.</exception>
    public async Task<bool> TryCloneAsync(CancellationToken cancellationToken)
    {
        using PartialBlob? blob = PartialBlob.TryOpenOwn(folder, file, StoreFileName.AdoptPurpose);
        if (blob is null || !await blob.TryCloneAsync(source.File, _ => progress(blob.Length), cancellationToken))
            return false;
        blob.Complete();
        return true;
    }

    /// <summary>Makes a second name of the other file, and hashes it. Nobody may write to it who may not write to the store.</summary>
    /// <returns>False: there can be no second name, the file has changed meanwhile, or another process takes it.</returns>
    /// <exception cref="StoreException">The bytes are wrong.</exception>
    /// <exception cref="IOException">It cannot be read or renamed.</exception>
    public async Task<bool> TryLinkAsync(CancellationToken cancellationToken)
    {
        // Its lock says that the second name is in use.
        using PartialBlob? taken = PartialBlob.TryOpenOwn(folder, file, StoreFileName.AdoptPurpose);
        if (taken is null)
            return false;
        string final = folder.BlobOf(file.Digest);
        string name = $"{final}.{StoreFileName.LinkPurpose}{StoreFolder.PartialEnding}";
        File.Delete(name);
        if (!HardLink.TryCreate(source.Path, name))
            return false;
        try
        {
            Digest actual = await HashAsync(source.File, cancellationToken);
            if (actual != file.Digest)
                throw new StoreException(StoreErrorReason.WrongBytes, $"the bytes have the digest {actual}, and {file.Digest} was asked for");
            FileStatus linked = FileStatus.OfLink(name);
            if (!linked.IsSameFileAs(source.Status) || linked.Written != source.Status.Written || linked.SizeBytes != file.Size)
                return false;
            BlobName.Give(folder, file, name);
        }
        finally
        {
            File.Delete(name);
        }

        return true;
    }

    /// <summary>Copies the other file. What is hashed is what was written.</summary>
    /// <param name="read">Reads bytes of the other file from an offset. It may still write into its buffer after it was given up.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>False: the other file ended too early, or another process copies it.</returns>
    /// <exception cref="StoreException">There is no space, or the bytes are wrong.</exception>
    /// <exception cref="IOException">It cannot be read or written.</exception>
    public async Task<bool> TryCopyAsync(Func<Memory<byte>, long, CancellationToken, Task<int>> read, CancellationToken cancellationToken)
    {
        using PartialBlob? blob = PartialBlob.TryOpenOwn(folder, file, StoreFileName.AdoptPurpose);
        if (blob is null)
            return false;
        blob.Reserve();
        byte[] buffer = new byte[BufferSize];
        while (blob.Missing > 0)
        {
            int count = await read(buffer.AsMemory(0, (int)Math.Min(blob.Missing, BufferSize)), blob.Length, cancellationToken);
            if (count == 0)
                return false;
            await blob.AppendAsync(buffer.AsMemory(0, count), cancellationToken);
            progress(blob.Length);
        }

        blob.Complete();
        return true;
    }

    private async Task<Digest> HashAsync(SafeFileHandle content, CancellationToken cancellationToken)
    {
        using IncrementalHash hash = ContentHash.Begin(file.Digest);
        byte[] buffer = new byte[BufferSize];
        long length = 0;
        while (await RandomAccess.ReadAsync(content, buffer, length, cancellationToken) is > 0 and var count)
        {
            hash.AppendData(buffer, 0, count);
            progress(length += count);
        }

        return ContentHash.End(hash);
    }
}
