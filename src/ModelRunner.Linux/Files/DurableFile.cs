using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ModelRunner.Linux.Files;

/// <summary>
/// Replaces a file as a whole: after any crash, the path has the old content or the new one. The new file has the owner, the group and the
/// permissions of the old one. Where there was none, only its owner can read it.
/// </summary>
internal static class DurableFile
{
    private const UnixFileMode OnlyOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OthersRead = UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Writes the file. Its folder must exist. Two calls for the same path must not run at once.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">This user must not write there.</exception>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        string folder = Path.GetDirectoryName(path)!;
        string next = path + ".new";

        // A crash may have left it.
        File.Delete(next);
        try
        {
            Write(next, path, content);
            File.Move(next, path, overwrite: true);
        }
        catch
        {
            File.Delete(next);
            throw;
        }

        Flush(folder);
    }

    private static void Write(string next, string path, ReadOnlySpan<byte> content)
    {
        var old = FileStatus.Of(path);
        using var file = new FileStream(
            next, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OnlyOwner, BufferSize = 0 });
        FileOwner.Of(path)?.Give(file.SafeFileHandle, path);
        if (old.IsRegular)
            File.SetUnixFileMode(file.SafeFileHandle, OnlyOwner | ((UnixFileMode)old.Mode & OthersRead));
        file.Write(content);
        file.Flush(flushToDisk: true);
    }

    // The new name itself must reach the disk too.
    private static void Flush(string folder)
    {
        using SafeFileHandle handle = RegularFile.OpenAnything(folder);
        if (handle.IsInvalid)
            throw new IOException($"{folder} cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}");
        RandomAccess.FlushToDisk(handle);
    }
}
