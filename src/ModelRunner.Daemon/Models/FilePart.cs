using ModelRunner.Linux.Files;

namespace ModelRunner.Daemon.Models;

/// <summary>One file of a model. Two parts with the same id are the same bytes on the disk.</summary>
/// <param name="Id">Which file it is.</param>
/// <param name="SizeBytes">Its length.</param>
/// <param name="DiskBytes">What it occupies; less than its length if it has holes.</param>
internal readonly record struct FilePart(FileId Id, long SizeBytes, long DiskBytes)
{
    /// <summary>Describes a file; null: it is no regular file, or cannot be looked at.</summary>
    public static FilePart? Of(FileStatus status) => status.IsRegular ? new FilePart(status.Id, status.SizeBytes, status.AllocatedBytes) : null;
}
