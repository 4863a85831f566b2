using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ModelRunner.Linux.Files;

/// <summary>
/// What lies at a path, links followed. .NET tells neither a pipe from a file nor the size of what a link leads to, and both matter for
/// paths that somebody else may have filled.
/// </summary>
/// <param name="Kind">What it is.</param>
/// <param name="SizeBytes">Its size; of meaning for regular files only.</param>
/// <param name="Written">Its last write.</param>
/// <param name="Identity">Device and inode: equal for two paths that lead to the same thing.</param>
internal readonly unsafe partial record struct FileStatus(
    FileKind Kind, long SizeBytes, DateTimeOffset Written, (ulong Device, ulong Inode) Identity)
{
    private const int CurrentDirectory = -100; // AT_FDCWD
    private const int DescriptorItself = 0x1000; // AT_EMPTY_PATH
    private const uint WantsBasics = 0x7ff; // STATX_BASIC_STATS
    private const int TypeMask = 0xF000;
    private const int ErrorNotPermitted = 1;
    private const int ErrorNoAccess = 13;

    // The longest time that DateTimeOffset can hold, in seconds from 1970.
    private const long LastSecond = 253_402_300_799;

    public bool IsRegular => Kind == FileKind.Regular;

    /// <summary>Looks at a path. Never throws, never opens anything, never waits for a pipe.</summary>
    public static FileStatus Of(string path)
    {
        // The system ends a path at the first zero byte.
        if (path.Length == 0 || path.Contains('\0', StringComparison.Ordinal))
            return default;

        return Look(CurrentDirectory, path, 0);
    }

    /// <summary>Looks at an open file.</summary>
    public static FileStatus Of(SafeFileHandle file) => Look((int)file.DangerousGetHandle(), "", DescriptorItself);

    private static FileStatus Look(int descriptor, string path, int flags)
    {
        // struct statx is the same on every machine: 256 bytes; mode at 28, inode at 32, size at 40, last write at 112, device at 136.
        byte* facts = stackalloc byte[256];
        if (Read(descriptor, path, flags, WantsBasics, facts) != 0)
        {
            bool isDenied = Marshal.GetLastPInvokeError() is ErrorNotPermitted or ErrorNoAccess;
            return new FileStatus(isDenied ? FileKind.Denied : FileKind.Missing, 0, default, default);
        }

        FileKind kind = (*(ushort*)(facts + 28) & TypeMask) switch
        {
            0x8000 => FileKind.Regular,
            0x4000 => FileKind.Folder,
            _ => FileKind.Other,
        };
        long seconds = Math.Clamp(*(long*)(facts + 112), 0, LastSecond);
        long ticks = *(uint*)(facts + 120) / 100;
        ulong device = ((ulong)*(uint*)(facts + 136) << 32) | *(uint*)(facts + 140);
        return new FileStatus(
            kind, *(long*)(facts + 40), DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(ticks), (device, *(ulong*)(facts + 32)));
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Read(int descriptor, string path, int flags, uint mask, byte* facts);
}
