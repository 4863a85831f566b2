using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using ModelRunner.Linux.Sockets;

namespace ModelRunner.Daemon.Hosting.Connections;

/// <summary>
/// Replaces a connection's closed token. On a Unix socket the kernel tells a half-closed connection from a closed one. For a TCP client on
/// this machine, the kernel's table of connections shows whether a process still holds the other end. For a client on another machine this
/// cannot be known; it counts as gone after a short time, which is enough for short responses.
/// </summary>
internal sealed class HalfClosedConnection : IDisposable
{
    /// <summary>How long a half-closed client of another machine is served.</summary>
    private static readonly TimeSpan PatienceWithOthers = TimeSpan.FromMilliseconds(500);

    private const int TcpLevel = 6;
    private const int TcpInformation = 11;
    private const byte CloseWait = 8;

    private readonly HalfCloseWatch _watch;
    private readonly ConnectionContext _connection;
    private readonly Socket? _socket;
    private readonly CancellationTokenSource _gone = new();
    private readonly CancellationTokenRegistration _registration;
    private long _halfClosedAt;

    public HalfClosedConnection(HalfCloseWatch watch, ConnectionContext connection)
    {
        (_watch, _connection) = (watch, connection);
        _socket = connection.Features.Get<IConnectionSocketFeature>()?.Socket;
        CancellationToken ended = connection.ConnectionClosed;
        connection.ConnectionClosed = _gone.Token;
        _registration = ended.UnsafeRegister(static state => ((HalfClosedConnection)state!).OnEnd(), this);
    }

    /// <summary>Checks whether the client left.</summary>
    public void Look(PeerTable peers)
    {
        if (IsGone(peers))
            Leave();
    }

    public void Dispose()
    {
        _registration.Dispose();
        _watch.Remove(this);
    }

    private void OnEnd()
    {
        _halfClosedAt = _watch.Time.GetTimestamp();
        if (_socket is null || IsReset(_socket))
            Leave();
        else
            _watch.Add(this);
    }

    private void Leave()
    {
        _watch.Remove(this);
        _gone.Cancel();
    }

    private bool IsGone(PeerTable peers)
    {
        if (_socket is null || IsReset(_socket))
            return true;
        if (_socket.AddressFamily == AddressFamily.Unix)
            return false;

        return _connection is { RemoteEndPoint: IPEndPoint client, LocalEndPoint: IPEndPoint own }
            && peers.HasOwner(client, own) is { } isOpen
                ? !isOpen
                : _watch.Time.GetElapsedTime(_halfClosedAt) > PatienceWithOthers;
    }

    /// <summary>Whether the other end is certainly closed, in both directions.</summary>
    private static bool IsReset(Socket socket)
    {
        try
        {
            if (socket.AddressFamily == AddressFamily.Unix)
                return SocketHangUp.Is(socket.SafeHandle);

            // After a FIN the state is CLOSE_WAIT. Any other state is a reset, or the daemon closed the connection.
            Span<byte> state = stackalloc byte[1];
            return socket.GetRawSocketOption(TcpLevel, TcpInformation, state) < 1 || state[0] != CloseWait;
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            return true;
        }
    }
}
