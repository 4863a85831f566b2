using System.Net.Sockets;

namespace ModelRunner.Linux.Sockets;

/// <summary>
/// Checks whether the peer has closed its Unix socket. The kernel then reports a hang-up; it does not where the peer only shut down its sending
/// direction. .NET does not distinguish the two.
/// </summary>
internal static unsafe class SocketHangUp
{
    private const short Error = 0x08;
    private const short HungUp = 0x10;
    private const short Invalid = 0x20;

    /// <exception cref="ObjectDisposedException">The socket is closed already.</exception>
    public static bool Is(SafeSocketHandle socket)
    {
        using var held = new HeldHandle(socket);
        var entry = new PollEntry { File = (int)held.Value };
        return Libc.Poll(&entry, 1, 0) > 0 && (entry.Returned & (Error | HungUp | Invalid)) != 0;
    }
}
