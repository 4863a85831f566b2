using System.Security.Cryptography;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Layout;

/// <summary>Checks that a server has a file that is here already. Its bytes are hashed and not written. Not safe for several threads.</summary>
internal sealed class BlobProof(Descriptor file) : IBlobTarget, IDisposable
{
    private readonly IncrementalHash _hash = ContentHash.Begin(file.Digest);

    public long Length { get; private set; }

    public long Missing => file.Size - Length;

    public void Restart()
    {
        _hash.GetHashAndReset();
        Length = 0;
    }

    public ValueTask AppendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        if (bytes.Length > Missing)
            throw new StoreException(StoreErrorReason.WrongBytes, $"the server sends more than the {file.Size} bytes of {file.Digest}");
        _hash.AppendData(bytes.Span);
        Length += bytes.Length;
        return ValueTask.CompletedTask;
    }

    public void Complete()
    {
        Digest actual = ContentHash.End(_hash);
        if (actual != file.Digest)
        {
            Restart();
            throw new StoreException(StoreErrorReason.WrongBytes, $"the bytes have the digest {actual}, and {file.Digest} was asked for");
        }
    }

    public void Dispose() => _hash.Dispose();
}
