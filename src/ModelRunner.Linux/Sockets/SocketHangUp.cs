using System.Net.Sockets;

namespace ModelRunner.Linux.Sockets;

/// <summary>
/// Asks the kernel whether the other end of a Unix socket was closed: it then reports a hang-up, which it does not where only the sending
/// direction was shut down. .NET reports both alike.
/// </summary>
internal static unsafe class SocketHangUp
{
    private const short Error = 0x08;
    private const short HungUp = 0x10;
    private const short Invalid = 0x20;

    /// <exception cref="ObjectDisposedException">The socket is closed already.</exception>
    public static bool Is(SafeSocketHandle socket)
    {
        bool isHeld = false;
        try
        {
            socket.DangerousAddRef(ref isHeld);
            var entry = new PollEntry { File = (int)socket.DangerousGetHandle() };
            return Libc.Poll(&entry, 1, 0) > 0 && (entry.Returned & (Error | HungUp | Invalid)) != 0;
        }
        finally
        {
            if (isHeld)
                socket.DangerousRelease();
        }
    }
}
