using Microsoft.Win32.SafeHandles;

namespace ModelRunner.Linux.Files;

/// <summary>A copy that shares the blocks of the original until one of them is written. Some file systems can do that: btrfs, XFS, bcachefs, ZFS.</summary>
internal static unsafe class FileClone
{
    private const nuint Clone = 0x40049409; // FICLONE

    /// <summary>
    /// Gives a file the content of another one. Returns false, and leaves the file as it is, where the file system cannot do that or the two are on
    /// different ones.
    /// </summary>
    /// <param name="source">Open for reading.</param>
    /// <param name="target">Open for writing, and not longer than the source.</param>
    public static bool TryClone(SafeFileHandle source, SafeFileHandle target)
    {
        // This request takes the descriptor itself, in place of a pointer.
        nint argument = source.DangerousGetHandle();
        return Libc.Control((int)target.DangerousGetHandle(), Clone, (int*)argument) == 0;
    }
}
