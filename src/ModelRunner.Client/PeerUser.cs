using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ModelRunner.Linux.Files;

namespace ModelRunner.Client;

/// <summary>Finds out which user owns the process at the other end of a connection. Root counts as this user: it can read every key anyway.</summary>
internal static class PeerUser
{
    private const int SocketLevel = 1; // SOL_SOCKET
    private const int PeerCredentials = 17; // SO_PEERCRED
    private const string Listening = "0A";

    // proc_net(5): number, local address, remote address, state, queues, timer, retransmissions, user.
    private const int LocalField = 1;
    private const int StateField = 3;
    private const int UserField = 7;

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
        IPAddress address = remote.Address.IsIPv4MappedToIPv6 ? remote.Address.MapToIPv4() : remote.Address;
        if (!IPAddress.IsLoopback(address))
            return false;

        try
        {
            return IsOwnListener(address, remote.Port, File.ReadLines("/proc/net/tcp").Concat(ReadIfThere("/proc/net/tcp6")));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Like the other overload, with the lines of the kernel's tables as parameters.</summary>
    public static bool IsOwnListener(IPAddress address, int port, IEnumerable<string> table)
    {
        bool isFound = false;
        foreach (string line in table)
        {
            string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length <= UserField || fields[StateField] != Listening || !Serves(fields[LocalField], address, port))
                continue;
            if (!uint.TryParse(fields[UserField], CultureInfo.InvariantCulture, out uint user) || !IsOwn(user))
                return false;
            isFound = true;
        }

        return isFound;
    }

    private static bool IsOwn(uint user) => user == 0 || user == PrivateFolder.User;

    private static IEnumerable<string> ReadIfThere(string path) => File.Exists(path) ? File.ReadLines(path) : [];

    // 0100007F:1F90: each four bytes of the address are one number in this machine's byte order.
    private static bool Serves(string local, IPAddress address, int port)
    {
        int colon = local.IndexOf(':', StringComparison.Ordinal);
        if (colon is not (8 or 32) || !int.TryParse(local.AsSpan(colon + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out int localPort)
            || localPort != port)
            return false;

        byte[] bytes = new byte[colon / 2];
        for (int i = 0; i < bytes.Length; i += 4)
        {
            if (!uint.TryParse(local.AsSpan(i * 2, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out uint word))
                return false;
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(i), word);
        }

        var listener = new IPAddress(bytes);
        return listener.Equals(IPAddress.Any) || listener.Equals(IPAddress.IPv6Any)
            || (listener.IsIPv4MappedToIPv6 ? listener.MapToIPv4() : listener).Equals(address);
    }
}
