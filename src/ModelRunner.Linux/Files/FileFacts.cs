using System.Runtime.InteropServices;

namespace ModelRunner.Linux.Files;

/// <summary>What the system knows of a file. Two equal ones that exist at the same time are of the same file.</summary>
/// <param name="Type">The type bits of the mode.</param>
/// <param name="Inode">Unique within its device as long as the file exists or is open.</param>
/// <param name="Device">The file system.</param>
internal readonly unsafe partial record struct FileFacts(int Type, ulong Inode, ulong Device)
{
    private const int CurrentDirectory = -100; // AT_FDCWD
    private const int NoFollow = 0x100; // AT_SYMLINK_NOFOLLOW
    private const int EmptyPath = 0x1000; // AT_EMPTY_PATH
    private const uint TypeAndInode = 0x101; // STATX_TYPE | STATX_INO
    private const int TypeMask = 0xF000;
    private const int RegularType = 0x8000;
    private const int SocketType = 0xC000;

    /// <summary>Whether it is a regular file.</summary>
    public bool IsRegular => Type == RegularType;

    /// <summary>Whether it is a Unix socket.</summary>
    public bool IsSocket => Type == SocketType;

    /// <summary>What lies at a path, a link being a link; null where nothing does.</summary>
    public static FileFacts? At(string path) => Ask(CurrentDirectory, path, NoFollow);

    /// <summary>What an open descriptor leads to; null where it is not open.</summary>
    public static FileFacts? Of(SafeHandle descriptor) => Ask((int)descriptor.DangerousGetHandle(), "", EmptyPath);

    private static FileFacts? Ask(int folder, string path, int flags)
    {
        // struct statx is the same on every machine: 256 bytes, the mode at 28, the inode at 32, the device's two numbers at 136.
        byte* facts = stackalloc byte[256];
        if (StatusOf(folder, path, flags, TypeAndInode, facts) != 0)
            return null;
        return new FileFacts(*(ushort*)(facts + 28) & TypeMask, *(ulong*)(facts + 32), *(ulong*)(facts + 136));
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatusOf(int folder, string path, int flags, uint mask, byte* facts);
}
