using ModelRunner.Linux.Files;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Models;

/// <summary>What tells whether two files have the same bytes without reading them.</summary>
/// <param name="Id">Which file it is.</param>
/// <param name="SizeBytes">Its size.</param>
/// <param name="Digest">Its digest, if its store names it by that; null: unknown.</param>
internal sealed record ContentFile(FileId Id, long SizeBytes, Digest? Digest)
{
    /// <summary>Describes a file that may be missing. The digest must have been read where a disk may be waited for.</summary>
    public static ContentFile? Of(ModelFile? file, Digest? digest) => file is null ? null : new ContentFile(file.Id, file.SizeBytes, digest);

    /// <summary>Whether two files are the same; null: they have the same size, and nothing says more.</summary>
    public static bool? AreSame(ContentFile? one, ContentFile? other)
    {
        if (one is null || other is null)
            return one is null && other is null;
        if (one.Id != default && one.Id == other.Id)
            return true;
        if (one.Digest is { } first && other.Digest is { } second)
            return first == second;
        return one.SizeBytes == other.SizeBytes ? null : false;
    }
}
