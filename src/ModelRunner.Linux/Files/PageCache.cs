using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ModelRunner.Linux.Files;

/// <summary>The copies of files that the kernel keeps in memory.</summary>
internal static partial class PageCache
{
    private const int DoNotNeed = 4; // POSIX_FADV_DONTNEED

    /// <summary>
    /// Drops the copy of a part of a file, so that reading a large file displaces nothing else, and so that the next read comes from the disk. Parts that a
    /// process has mapped stay. It is only advice, so failures are ignored.
    /// </summary>
    public static void Drop(SafeFileHandle file, long offset, long length) => _ = Advise((int)file.DangerousGetHandle(), offset, length, DoNotNeed);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(int file, long offset, long length, int advice);
}
