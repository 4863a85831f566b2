using ModelRunner.Store.Names;

namespace ModelRunner.Store.Registries;

/// <summary>Which file, and from where.</summary>
/// <param name="Digest">The file.</param>
/// <param name="Offset">The first byte that is wanted. The server may begin at 0 nevertheless.</param>
internal sealed record BlobRequest(Digest Digest, long Offset = 0)
{
    /// <summary>The ETag of the response that the bytes before the offset came from; null: unknown.</summary>
    public string? Etag { get; init; }

    /// <summary>Only the registry itself is asked, for example because a mirror sent wrong bytes.</summary>
    public bool SkipMirrors { get; init; }
}
