using ModelRunner.Linux.Files;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Models;

/// <summary>What tells whether two files have the same bytes without reading them.</summary>
/// <param name="Id">Which file it is.</param>
/// <param name="Digest">Its digest, if its store names it by that; null: unknown.</param>
internal sealed record ContentFile(FileId Id, Digest? Digest)
{
    /// <summary>Describes a file that may be missing. The digest must have been read where a disk may be waited for.</summary>
    public static ContentFile? Of(ModelFile? file, Digest? digest) => file is null ? null : new ContentFile(file.Id, digest);

    /// <summary>Whether two files are known to be the same: by their inode or by their digests. Files of one size may have other bytes.</summary>
    public static bool AreSame(ContentFile? one, ContentFile? other)
    {
        if (one is null || other is null)
            return one is null && other is null;
        return (one.Id != default && one.Id == other.Id) || (one.Digest is { } digest && digest == other.Digest);
    }
}
