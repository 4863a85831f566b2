using System.Net;

namespace ModelRunner.Linux.Sockets;

/// <summary>Reads from the kernel's tables who listens on a port. It opens no connection, so it never waits for the listening program.</summary>
internal static class TcpListeners
{
    /// <summary>The users of the sockets that accept connections to an address and port: those bound to it, and those bound to all addresses.</summary>
    /// <param name="address">The address, IPv4 where possible.</param>
    /// <param name="port">The port.</param>
    /// <param name="table">The lines of <see cref="TcpTableEntry.ReadLines"/>.</param>
    public static IEnumerable<uint> UsersOf(IPAddress address, int port, IEnumerable<string> table)
    {
        foreach (string line in table)
            if (TcpTableEntry.TryParse(line, out TcpTableEntry entry) && entry.IsListening && entry.Local.Port == port && Serves(entry.Local.Address, address))
                yield return entry.User;
    }

    private static bool Serves(IPAddress listener, IPAddress address) =>
        listener.Equals(IPAddress.Any) || listener.Equals(IPAddress.IPv6Any) || listener.Equals(address);
}
