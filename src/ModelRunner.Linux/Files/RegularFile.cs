using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ModelRunner.Linux.Files;

/// <summary>
/// Opens regular files and nothing else. To open a pipe would wait for the process at its other end, and to open a device may change it.
/// </summary>
internal static class RegularFile
{
    private const int ReadOnly = 0;
    private const int WriteOnly = 1;
    private const int Create = 0x40; // O_CREAT
    private const int Append = 0x400; // O_APPEND
    private const int NoControllingTerminal = 0x100; // O_NOCTTY
    private const int SafeFlags = Libc.OpenNoBlock | NoControllingTerminal | Libc.OpenCloseOnExec;
    private const int OwnerOnly = 0x180; // octal 0600

    /// <summary>Opens a file for reading; links are followed. Null where there is no regular file that this user may read.</summary>
    public static FileStream? Open(string path)
    {
        if (!FileStatus.Of(path).IsRegular)
            return null;

        // The path may lead to another file by now. So the open does not wait, and the open file is checked again.
        int descriptor = Libc.OpenAt(Libc.CurrentDirectory, path, ReadOnly | SafeFlags, 0);
        if (descriptor < 0)
            return null;

        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        if (FileStatus.Of(handle).IsRegular)
            return new FileStream(handle, FileAccess.Read, bufferSize: 0);

        handle.Dispose();
        return null;
    }

    /// <summary>Opens a file for appending; links are followed. A missing file is created with mode 0600.</summary>
    /// <exception cref="IOException">It cannot be opened, or it is not a regular file.</exception>
    public static SafeFileHandle OpenForAppending(string path)
    {
        int descriptor = Libc.OpenAt(Libc.CurrentDirectory, path, WriteOnly | Create | Append | SafeFlags, OwnerOnly);
        if (descriptor < 0)
            throw new IOException($"{path} cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}");

        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        if (FileStatus.Of(handle).IsRegular)
            return handle;

        handle.Dispose();
        throw new IOException($"{path} is not a regular file");
    }
}
