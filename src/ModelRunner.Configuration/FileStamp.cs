using ModelRunner.Linux.Files;

namespace ModelRunner.Configuration;

/// <summary>What shows whether a file was written, replaced, or given to other users.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Id">Which file it is. A file that replaces another one by a rename has another id.</param>
/// <param name="SizeBytes">Its size.</param>
/// <param name="Written">The time of its last write.</param>
/// <param name="Owner">The user who owns it. A file may become readable, or usable, by a change of its owner or of its mode alone.</param>
/// <param name="Mode">Its type and permissions.</param>
internal readonly record struct FileStamp(FileKind Kind, FileId Id, long SizeBytes, DateTimeOffset Written, uint Owner, int Mode)
{
    /// <summary>Reads the stamp now.</summary>
    public static FileStamp Of(string path)
    {
        FileStatus status = FileStatus.Of(path);
        return new FileStamp(status.Kind, status.Id, status.SizeBytes, status.Written, status.Owner, status.Mode);
    }
}
