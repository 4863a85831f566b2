using ModelRunner.Linux.Files;

namespace ModelRunner.Configuration;

/// <summary>What shows whether a file was written or replaced.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Id">Which file it is. A file that replaces another one by a rename has another id.</param>
/// <param name="SizeBytes">Its size.</param>
/// <param name="Written">The time of its last write.</param>
internal readonly record struct FileStamp(FileKind Kind, FileId Id, long SizeBytes, DateTimeOffset Written)
{
    /// <summary>Reads the stamp now.</summary>
    public static FileStamp Of(string path)
    {
        FileStatus status = FileStatus.Of(path);
        return new FileStamp(status.Kind, status.Id, status.SizeBytes, status.Written);
    }
}
