using System.Net.Sockets;

namespace ModelRunner.Linux.Sockets;

/// <summary>Reads how many sent bytes are still in the send queue of a socket.</summary>
internal static unsafe class SocketQueue
{
    private const nuint OutputQueue = 0x5411; // TIOCOUTQ

    /// <summary>
    /// The bytes that the peer has not taken yet: on TCP those that its kernel has not acknowledged, on a Unix socket the memory of those
    /// that it has not read.
    /// </summary>
    /// <returns>Null where the socket is closed.</returns>
    public static int? BytesIn(Socket socket)
    {
        try
        {
            using var held = new HeldHandle(socket.SafeHandle);
            int bytes = 0;
            return Libc.Control((int)held.Value, OutputQueue, &bytes) == 0 ? bytes : null;
        }
        catch (ObjectDisposedException)
        {
            return null;
        }
    }
}
