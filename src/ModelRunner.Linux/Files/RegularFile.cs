using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ModelRunner.Linux.Files;

/// <summary>Opens regular files and nothing else: to open a pipe waits for a writer, and to open a device may do anything.</summary>
internal static partial class RegularFile
{
    private const int ReadOnly = 0;
    private const int NoControllingTerminal = 0x100; // O_NOCTTY
    private const int NonBlocking = 0x800; // O_NONBLOCK
    private const int CloseOnExec = 0x80000; // O_CLOEXEC

    /// <summary>Opens a file for reading, links followed; null where there is no regular file that this user may read.</summary>
    public static FileStream? Open(string path)
    {
        if (!FileStatus.Of(path).IsRegular)
            return null;

        // The path may lead elsewhere by now, so the open does not wait and what was opened is looked at again.
        int descriptor = Open(path, ReadOnly | NonBlocking | NoControllingTerminal | CloseOnExec);
        if (descriptor < 0)
            return null;

        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        if (FileStatus.Of(handle).IsRegular)
            return new FileStream(handle, FileAccess.Read, bufferSize: 0);

        handle.Dispose();
        return null;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);
}
