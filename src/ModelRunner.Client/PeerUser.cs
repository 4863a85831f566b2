using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Sockets;

namespace ModelRunner.Client;

/// <summary>Finds out which user owns the process at the other end of a connection. Root counts as this user: it can read every key anyway.</summary>
internal static class PeerUser
{
    private const int SocketLevel = 1; // SOL_SOCKET
    private const int PeerCredentials = 17; // SO_PEERCRED

    /// <summary>Whether the process that listens on a Unix socket belongs to this user.</summary>
    public static bool IsOwnPeer(Socket socket)
    {
        // struct ucred: process, user, group.
        Span<byte> credentials = stackalloc byte[12];
        return socket.GetRawSocketOption(SocketLevel, PeerCredentials, credentials) == credentials.Length
            && IsOwn(BinaryPrimitives.ReadUInt32LittleEndian(credentials[4..]));
    }

    /// <summary>
    /// Whether a loopback port belongs to this user: every program of the machine may listen on one. False for other machines, and if the
    /// kernel's table of sockets has no entry.
    /// </summary>
    public static bool IsOwnListener(IPEndPoint remote)
    {
        IPAddress address = TcpTableEntry.Plain(remote.Address);
        if (!IPAddress.IsLoopback(address))
            return false;

        try
        {
            return IsOwnListener(address, remote.Port, TcpTableEntry.ReadLines());
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Like the other overload, with the lines of the kernel's tables as parameters.</summary>
    public static bool IsOwnListener(IPAddress address, int port, IEnumerable<string> table) =>
        TcpListeners.OwnerOf(address, port, table) == PortOwner.Trusted;

    private static bool IsOwn(uint user) => user == 0 || user == PrivateFolder.User;
}
