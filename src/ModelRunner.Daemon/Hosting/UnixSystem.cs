using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ModelRunner.Daemon.Hosting;

/// <summary>The few calls of the system that .NET has no name for.</summary>
internal static unsafe partial class UnixSystem
{
    private const int ReadDirectoryOnly = 0x10000; // O_DIRECTORY, with O_RDONLY being 0
    private const int CloseOnExec = 0x80000; // O_CLOEXEC and SOCK_CLOEXEC
    private const int LockExclusive = 2; // LOCK_EX
    private const int CurrentDirectory = -100; // AT_FDCWD
    private const int NoFollow = 0x100; // AT_SYMLINK_NOFOLLOW
    private const uint WantsTypeAndInode = 0x101; // STATX_TYPE | STATX_INO
    private const int TypeMask = 0xF000;
    private const int SocketType = 0xC000;
    private const int FamilyUnix = 1;
    private const int StreamSocket = 1;

    /// <summary>Locks a folder against everybody who locks it too; waits until it is free. Disposing the handle unlocks.</summary>
    /// <exception cref="Win32Exception">There is no such folder, or it may not be read.</exception>
    public static SafeFileHandle LockFolder(string path)
    {
        int descriptor = Open(path, ReadDirectoryOnly | CloseOnExec, 0);
        Check(descriptor);
        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        Check(Lock(descriptor, LockExclusive));
        return handle;
    }

    /// <summary>What lies at a path, a link being a link; null where nothing does.</summary>
    public static (bool IsSocket, ulong Inode)? Look(string path)
    {
        // struct statx is the same on every machine: 256 bytes, the mode at 28, the inode at 32.
        byte* facts = stackalloc byte[256];
        if (StatusOf(CurrentDirectory, path, NoFollow, WantsTypeAndInode, facts) != 0)
            return null;

        int mode = *(ushort*)(facts + 28);
        return ((mode & TypeMask) == SocketType, *(ulong*)(facts + 32));
    }

    /// <summary>
    /// Makes a socket that is bound to a path with mode 0600 from its first moment on. .NET does not know that the path is this socket's
    /// and so never removes what lies there later.
    /// </summary>
    /// <exception cref="Win32Exception">It may not be made there.</exception>
    public static Socket BindPrivately(string path)
    {
        int descriptor = CreateSocket(FamilyUnix, StreamSocket | CloseOnExec, 0);
        Check(descriptor);
        var handle = new SafeSocketHandle(descriptor, ownsHandle: true);
        ReadOnlySpan<byte> address = new UnixDomainSocketEndPoint(path).Serialize().Buffer.Span;

        try
        {
            // Linux gives the file the mode of the socket itself, so that there is no moment at which others could come in, and the
            // process's mask, which belongs to all threads, stays as it is.
            Check(SetMode(descriptor, 0x180)); // octal 0600
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

    private static void Check(int result)
    {
        if (result < 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Lock(int descriptor, int operation);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatusOf(int folder, string path, int flags, uint mask, byte* facts);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int CreateSocket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int Bind(int descriptor, byte* address, uint length);

    [LibraryImport("libc", EntryPoint = "fchmod", SetLastError = true)]
    private static partial int SetMode(int descriptor, uint mode);
}
