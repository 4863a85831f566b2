using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ModelRunner.Linux.Files;

/// <summary>Replaces a file as a whole: after any crash, the path has the old content or the new one.</summary>
internal static class DurableFile
{
    private const UnixFileMode OnlyOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OthersRead = UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>
    /// Writes the file. The new file has the owner, the group and the permissions of the old one; if there was none, only its owner can read
    /// it. Its folder must exist. Two calls for the same path must not run at once.
    /// </summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">This user must not write there.</exception>
    public static void Replace(string path, ReadOnlySpan<byte> content) => Replace(path, content, keepsOwner: true);

    /// <summary>Like <see cref="Replace(string, ReadOnlySpan{byte})"/>, but the new file belongs to this user, who alone can read it.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">This user must not write there.</exception>
    public static void ReplacePrivately(string path, ReadOnlySpan<byte> content) => Replace(path, content, keepsOwner: false);

    private static void Replace(string path, ReadOnlySpan<byte> content, bool keepsOwner)
    {
        string folder = Path.GetDirectoryName(path)!;
        string next = path + ".new";

        // A crash may have left it.
        File.Delete(next);
        try
        {
            Write(next, keepsOwner ? path : null, content);
            File.Move(next, path, overwrite: true);
        }
        catch
        {
            File.Delete(next);
            throw;
        }

        FlushFolder(folder);
    }

    /// <summary>Writes the names in a folder to the disk. A new or changed name needs this to survive a crash of the machine.</summary>
    /// <exception cref="IOException">It cannot be opened or written.</exception>
    public static void FlushFolder(string folder)
    {
        using SafeFileHandle handle = RegularFile.OpenAnything(folder);
        if (handle.IsInvalid)
            throw new IOException($"{folder} cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}");
        RandomAccess.FlushToDisk(handle);
    }

    private static void Write(string next, string? old, ReadOnlySpan<byte> content)
    {
        using var file = new FileStream(
            next, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OnlyOwner, BufferSize = 0 });
        if (old is not null)
            KeepOwner(file.SafeFileHandle, old);
        file.Write(content);
        file.Flush(flushToDisk: true);
    }

    private static void KeepOwner(SafeFileHandle file, string old)
    {
        var status = FileStatus.Of(old);
        bool hasGroup = FileOwner.Of(old)?.Give(file, old) ?? true;
        if (!status.IsRegular)
            return;

        // The group that may read the old file is not the one of the new file.
        UnixFileMode kept = hasGroup ? OthersRead : UnixFileMode.OtherRead;
        File.SetUnixFileMode(file, OnlyOwner | ((UnixFileMode)status.Mode & kept));
    }
}
