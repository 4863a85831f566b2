using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using ModelRunner.Linux.Files;

namespace ModelRunner.Linux.Sockets;

/// <summary>System calls for lock files and Unix sockets that .NET does not offer.</summary>
internal static unsafe partial class UnixSystem
{
    private const int SocketCloseOnExec = Libc.OpenCloseOnExec; // SOCK_CLOEXEC has the value of O_CLOEXEC
    private const int OpenToCreate = 0x40; // O_CREAT
    private const int OpenPathOnly = 0x200000; // O_PATH
    private const int OwnerOnly = 0x180; // octal 0600
    private const int FamilyUnix = 1;
    private const int StreamSocket = 1;

    private static readonly int LockFlags = Libc.OpenReadWrite | OpenToCreate | Libc.OpenNoBlock | Libc.OpenNoFollow | Libc.OpenCloseOnExec;
    private static readonly int ReadFlags = Libc.OpenReadOnly | Libc.OpenNoBlock | Libc.OpenNoFollow | Libc.OpenCloseOnExec;
    private static readonly int PathOnly = OpenPathOnly | Libc.OpenNoFollow | Libc.OpenCloseOnExec;

    /// <summary>Opens a file, or creates it with mode 0600. A link is not followed, and the call does not wait for a pipe.</summary>
    /// <exception cref="Win32Exception">It cannot be opened.</exception>
    public static SafeFileHandle OpenLockFile(string path) => OpenFile(path, LockFlags);

    /// <summary>Opens an existing file. A link is not followed, and the call does not wait for a pipe.</summary>
    /// <exception cref="Win32Exception">It cannot be opened.</exception>
    public static SafeFileHandle OpenForReading(string path) => OpenFile(path, ReadFlags);

    /// <summary>Gets a handle of a file without opening the file. While the handle is open, no other file gets its inode.</summary>
    /// <exception cref="Win32Exception">There is no file.</exception>
    public static SafeFileHandle Refer(string path) => OpenFile(path, PathOnly);

    /// <summary>Takes the exclusive lock of a file. The lock ends with the handle or the process.</summary>
    /// <returns>False where another process has it.</returns>
    /// <exception cref="Win32Exception">It cannot be locked.</exception>
    public static bool TryLock(SafeFileHandle file)
    {
        int result = Libc.Lock((int)file.DangerousGetHandle(), Libc.LockExclusive | Libc.LockNoWait);
        if (result < 0 && Marshal.GetLastPInvokeError() == Libc.ErrorTryAgain)
            return false;
        Check(result);
        return true;
    }

    /// <summary>
    /// Releases the lock of a file. Closing the handle is not enough while this process starts another one: the child has the open file too,
    /// until it runs its program.
    /// </summary>
    public static void Unlock(SafeFileHandle file) => _ = Libc.Lock((int)file.DangerousGetHandle(), Libc.LockRelease);

    /// <summary>Removes a file. An error is ignored.</summary>
    public static void Remove(string path) => _ = Libc.UnlinkAt(Libc.CurrentDirectory, path, 0);

    /// <summary>
    /// Creates a socket that is bound to a path. The file has mode 0600 from the start. .NET does not know that the path belongs to the
    /// socket, so it never removes another file that is there later.
    /// </summary>
    /// <exception cref="Win32Exception">It cannot be created there.</exception>
    public static Socket BindPrivately(string path)
    {
        int descriptor = CreateSocket(FamilyUnix, StreamSocket | SocketCloseOnExec, 0);
        Check(descriptor);
        var handle = new SafeSocketHandle(descriptor, ownsHandle: true);
        ReadOnlySpan<byte> address = new UnixDomainSocketEndPoint(path).Serialize().Buffer.Span;

        try
        {
            // Linux gives the file the mode of the socket, so other users can never connect. The umask is not changed, since all threads
            // share it.
            Check(SetMode(descriptor, OwnerOnly));
            fixed (byte* first = address)
                Check(Bind(descriptor, first, (uint)address.Length));
        }
        catch
        {
            handle.Dispose();
            throw;
        }

        return new Socket(handle);
    }

    /// <summary>
    /// Whether a process listens on the socket at a path. True also if its queue is full or this user must not connect: only a refused
    /// connection proves that no process listens. A link is followed. False if there is no socket.
    /// </summary>
    public static bool IsListening(string path)
    {
        if (!FileStatus.Of(path).IsSocket)
            return false;
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
            return true;
        }
        catch (SocketException failure)
        {
            // A socket file that was removed meanwhile belongs to no process.
            return failure.SocketErrorCode != SocketError.ConnectionRefused && FileStatus.Of(path).Exists;
        }
    }

    private static SafeFileHandle OpenFile(string path, int flags)
    {
        int descriptor = Libc.OpenAt(Libc.CurrentDirectory, path, flags, OwnerOnly);
        Check(descriptor);
        return new SafeFileHandle(descriptor, ownsHandle: true);
    }

    private static void Check(int result)
    {
        if (result < 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int CreateSocket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int Bind(int descriptor, byte* address, uint length);

    [LibraryImport("libc", EntryPoint = "fchmod", SetLastError = true)]
    private static partial int SetMode(int descriptor, uint mode);
}
