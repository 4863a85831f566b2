using System.Security.Cryptography;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Layout;

/// <summary>
/// Reads a file of a store and hashes what is read. The last bytes are returned only if the digest of the whole file is right. Not safe for
/// several threads.
/// </summary>
/// <param name="source">The file, which is closed with this stream.</param>
/// <param name="file">What it should be.</param>
internal sealed class CheckedStream(Stream source, Descriptor file) : ForwardStream
{
    private readonly IncrementalHash _hash = ContentHash.Begin(file.Digest);
    private long _length;

    /// <exception cref="StoreException">The bytes are wrong.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count = await source.ReadAsync(buffer, cancellationToken);
        _hash.AppendData(buffer.Span[..count]);
        if (count > 0 && (_length += count) == file.Size && ContentHash.End(_hash) is var actual && actual != file.Digest)
            throw new StoreException(StoreErrorReason.WrongBytes, Describe(actual));
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _hash.Dispose();
            source.Dispose();
        }

        base.Dispose(disposing);
    }

    private string Describe(Digest actual) =>
        $"the file {file.Digest} in the model store is damaged: its bytes have the digest {actual}; run \"model-runner verify\", then {RepairAdvice.Text}";
}
