using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ModelRunner.Linux.Files;

/// <summary>
/// Opens regular files and nothing else. To open a pipe would wait for the process at its other end, and to open a device may change it.
/// </summary>
internal static class RegularFile
{
    private const int WriteOnly = 1;
    private const int Create = 0x40; // O_CREAT
    private const int Append = 0x400; // O_APPEND
    private const int NoControllingTerminal = 0x100; // O_NOCTTY
    private const int SafeFlags = Libc.OpenNoBlock | NoControllingTerminal | Libc.OpenCloseOnExec;
    private const int TooManyLinks = 40; // ELOOP
    private const int OwnerOnly = 0x180; // octal 0600

    /// <summary>Opens a file for reading; links are followed. Null where there is no regular file that this user may read.</summary>
    public static FileStream? Open(string path)
    {
        if (!FileStatus.Of(path).IsRegular)
            return null;

        // The path may lead to another file by now. So the open does not wait, and the open file is checked again.
        SafeFileHandle handle = OpenAnything(path);
        if (!handle.IsInvalid && FileStatus.Of(handle).IsRegular)
            return new FileStream(handle, FileAccess.Read, bufferSize: 0);

        handle.Dispose();
        return null;
    }

    /// <summary>Opens whatever is at a path, without waiting for a pipe. Where that fails, the handle is invalid and the system's error is set.</summary>
    public static SafeFileHandle OpenAnything(string path) =>
        new(Libc.OpenAt(Libc.CurrentDirectory, path, Libc.OpenReadOnly | SafeFlags, 0), ownsHandle: true);

    /// <summary>
    /// Opens a file for appending. A missing file is created with mode 0600. In a folder that several users may write to, another user could
    /// have created the file, or a link to a file of this user; both are refused.
    /// </summary>
    /// <exception cref="IOException">
    /// It cannot be opened, it is not a regular file, or it belongs neither to this user nor to the owner of its folder.
    /// </exception>
    public static SafeFileHandle OpenForAppending(string path)
    {
        int descriptor = Libc.OpenAt(Libc.CurrentDirectory, path, WriteOnly | Create | Append | Libc.OpenNoFollow | SafeFlags, OwnerOnly);
        if (descriptor < 0)
        {
            throw new IOException(Marshal.GetLastPInvokeError() == TooManyLinks
                ? $"{path} is a link; remove it, or name the folder that it leads to"
                : $"{path} cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        if (FindProblem(path, FileStatus.Of(handle)) is not { } problem)
            return handle;

        handle.Dispose();
        throw new IOException($"{path} {problem}");
    }

    private static string? FindProblem(string path, FileStatus status)
    {
        if (!status.IsRegular)
            return "is not a regular file";
        bool isOwn = status.Owner == Libc.EffectiveUser() || status.Owner == FileStatus.Of(Path.GetDirectoryName(Path.GetFullPath(path))!).Owner;
        return isOwn ? null : string.Create(CultureInfo.InvariantCulture, $"belongs to user {status.Owner}; remove it, or name another folder");
    }
}
