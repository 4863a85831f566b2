using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using ModelRunner.Linux;

namespace ModelRunner.Daemon.Metrics;

/// <summary>Reads from the kernel how many bytes are still in the send queue of a socket.</summary>
internal static unsafe class SocketQueue
{
    private const nuint OutputQueue = 0x5411;

    /// <summary>
    /// The socket of the client of a request. Null if its queue says nothing about this request: with HTTP/2, where other streams share it, and
    /// if there is no socket.
    /// </summary>
    public static Socket? Of(HttpContext context) =>
        HttpProtocol.IsHttp2(context.Request.Protocol) ? null : context.Features.Get<IConnectionSocketFeature>()?.Socket;

    /// <summary>
    /// The bytes that the client has not accepted. On TCP these are the bytes that its kernel has not acknowledged; on a Unix socket it is the
    /// memory of the bytes that it has not read.
    /// </summary>
    /// <returns>Null if the socket is closed.</returns>
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
