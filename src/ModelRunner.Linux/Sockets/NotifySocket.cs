using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ModelRunner.Linux.Sockets;

/// <summary>The socket on which a service tells systemd its state, as sd_notify(3) describes. Sending never waits and never throws. Thread-safe.</summary>
internal sealed class NotifySocket : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Socket _socket;
    private readonly EndPoint _manager;

    private NotifySocket(Socket socket, EndPoint manager) => (_socket, _manager) = (socket, manager);

    /// <summary>Opens the socket.</summary>
    /// <param name="address">
    /// The value of <c>NOTIFY_SOCKET</c>: an absolute path, or a name in the abstract namespace with <c>@</c> in front.
    /// </param>
    /// <returns>Null if there is no such socket, or the address is of another kind.</returns>
    public static NotifySocket? TryOpen(string? address)
    {
        if (string.IsNullOrEmpty(address) || address.Length < 2 || address[0] is not ('/' or '@'))
            return null;
        Socket? socket = null;
        try
        {
            var manager = new UnixDomainSocketEndPoint(address[0] == '@' ? $"\0{address[1..]}" : address);
            socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
            return new NotifySocket(socket, manager);
        }
        catch (Exception failure) when (failure is SocketException or ArgumentException or PlatformNotSupportedException)
        {
            socket?.Dispose();
            return null;
        }
    }

    /// <summary>Sends assignments, such as <c>READY=1</c>, separated by line feeds.</summary>
    /// <returns>Whether the manager got them.</returns>
    public bool Send(string state)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(state);
        try
        {
            lock (_gate)
                return _socket.SendTo(bytes, _manager) == bytes.Length;
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        lock (_gate)
            _socket.Dispose();
    }
}
