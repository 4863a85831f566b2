namespace ModelRunner.Linux.Files;

/// <summary>The type of a file system, as statfs(2) tells it.</summary>
internal static unsafe class FileSystemType
{
    /// <summary>No file system has this type: the system does not tell it.</summary>
    public const uint Unknown = 0;

    /// <summary>The type of the file system that has a path, links followed.</summary>
    public static uint Of(string path)
    {
        // struct statfs has at most 120 bytes; its first member is a long, the type.
        byte* facts = stackalloc byte[256];
        return Libc.ReadFileSystem(path, facts) == 0 ? *(uint*)facts : Unknown;
    }
}
