using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ModelRunner.Linux.Files;

/// <summary>The free space of a file system.</summary>
internal static partial class DiskSpace
{
    /// <summary>The error code of a full file system (ENOSPC), in <see cref="Exception.HResult"/> of an <see cref="IOException"/>.</summary>
    public const int ErrorFull = 28;

    /// <summary>The error code of a used up quota (EDQUOT).</summary>
    public const int ErrorQuota = 122;

    private const int KeepSize = 1; // FALLOC_FL_KEEP_SIZE

    /// <summary>Bytes that this user can still write to the file system of an existing folder; null if unknown.</summary>
    public static long? Available(string folder)
    {
        try
        {
            return new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Whether a failure says that there is no space left.</summary>
    public static bool IsFull(IOException failure) => (failure.HResult & 0xFFFF) is ErrorFull or ErrorQuota;

    /// <summary>
    /// Reserves blocks for a file up to a length, without changing its length. Returns false only where the space is not there; a file system that
    /// cannot reserve returns true.
    /// </summary>
    public static bool TryReserve(SafeFileHandle file, long length) =>
        length <= 0 || Allocate((int)file.DangerousGetHandle(), KeepSize, 0, length) == 0
        || Marshal.GetLastPInvokeError() is not (ErrorFull or ErrorQuota);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Allocate(int file, int mode, long offset, long length);
}
