using ModelRunner.Store.Names;

namespace ModelRunner.Store.Registries;

/// <summary>A file to store in a registry.</summary>
/// <param name="Digest">Its digest.</param>
/// <param name="Size">Its length in bytes.</param>
/// <param name="Open">Opens it at its beginning; called once for each attempt.</param>
internal sealed record BlobUpload(Digest Digest, long Size, Func<Stream> Open)
{
    /// <summary>A repository of the same registry that may have the file, so that its bytes need not be sent; null: none is known.</summary>
    public string? MountFrom { get; init; }

    /// <summary>Called with the number of bytes that the running attempt has sent. A further attempt begins at 0.</summary>
    public Action<long> Sent { get; init; } = static _ => { };
}
