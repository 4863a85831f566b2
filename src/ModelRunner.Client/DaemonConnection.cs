using System.Net;
using System.Net.Sockets;

namespace ModelRunner.Client;

/// <summary>A connection to a daemon for one request.</summary>
/// <param name="stream">The connection itself.</param>
/// <param name="isOwnUsers">Whether the other end certainly belongs to this user.</param>
internal sealed class DaemonConnection(Stream stream, bool isOwnUsers) : IAsyncDisposable
{
    private Stream? _stream = stream;

    /// <summary>Whether the other end certainly belongs to this user or root.</summary>
    public bool IsOwnUsers => isOwnUsers;

    /// <summary>Hands the stream over to the caller, once: a failed request must not be repeated on a used connection.</summary>
    /// <exception cref="IOException">The stream was already handed over.</exception>
    public Stream Take() => Interlocked.Exchange(ref _stream, null) ?? throw new IOException("The connection has ended.");

    public ValueTask DisposeAsync() => Interlocked.Exchange(ref _stream, null)?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>Opens a connection.</summary>
    /// <exception cref="SocketException">No process listens there, or this user may not connect.</exception>
    public static async Task<DaemonConnection> OpenAsync(DaemonAddress address, CancellationToken cancellation)
    {
        Socket socket = address.SocketPath is null
            ? new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }
            : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(EndPointOf(address), cancellation);
            bool isOwn = address.SocketPath is null ? PeerUser.IsOwnListener((IPEndPoint)socket.RemoteEndPoint!) : PeerUser.IsOwnPeer(socket);
            return new DaemonConnection(new NetworkStream(socket, ownsSocket: true), isOwn);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static EndPoint EndPointOf(DaemonAddress address)
    {
        if (address.SocketPath is { } path)
            return new UnixDomainSocketEndPoint(path);

        string host = address.Address!.IdnHost.Trim('[', ']');
        return IPAddress.TryParse(host, out IPAddress? number)
            ? new IPEndPoint(number, address.Address.Port)
            : new DnsEndPoint(host, address.Address.Port);
    }
}
