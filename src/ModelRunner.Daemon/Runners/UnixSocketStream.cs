using System.Net.Sockets;

namespace ModelRunner.Daemon.Runners;

/// <summary>Connections to servers that listen on a Unix socket.</summary>
internal static class UnixSocketStream
{
    /// <summary>Opens one, which belongs to the caller.</summary>
    /// <exception cref="SocketException">Nobody listens there, or this user may not connect.</exception>
    public static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
