using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using ModelRunner.Linux;

namespace ModelRunner.Daemon.Metrics;

/// <summary>Asks the kernel how much of what was sent to a client is still in the queue of its socket.</summary>
internal static unsafe class SocketQueue
{
    private const nuint OutputQueue = 0x5411;

    /// <summary>
    /// The socket of the client of a request. Null where it says nothing about the request: in HTTP/2, where other streams use it too, and
    /// where there is no socket.
    /// </summary>
    public static Socket? Of(HttpContext context) =>
        HttpProtocol.IsHttp2(context.Request.Protocol) ? null : context.Features.Get<IConnectionSocketFeature>()?.Socket;

    /// <summary>
    /// The bytes that the client has not taken yet: on TCP those that its kernel has not acknowledged, on a Unix socket the memory of those
    /// that it has not read.
    /// </summary>
    /// <returns>Null where the socket is closed.</returns>
    public static int? BytesIn(Socket socket)
    {
        bool isHeld = false;
        try
        {
            socket.SafeHandle.DangerousAddRef(ref isHeld);
            int bytes = 0;
            return Libc.Control((int)socket.SafeHandle.DangerousGetHandle(), OutputQueue, &bytes) == 0 ? bytes : null;
        }
        catch (ObjectDisposedException)
        {
            return null;
        }
        finally
        {
            if (isHeld)
                socket.SafeHandle.DangerousRelease();
        }
    }
}
