namespace ModelRunner.Linux.Files;

/// <summary>
/// Which file or folder it is. Two files that exist at the same time have different ids. The system may give the inode of a removed file to
/// a new one, unless a descriptor still holds the removed file.
/// </summary>
/// <param name="Device">The file system that it is on.</param>
/// <param name="Inode">Its number on that file system.</param>
internal readonly record struct FileId(ulong Device, ulong Inode);
