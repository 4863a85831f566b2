using System.Net;
using ModelRunner.Linux.Files;

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

    /// <summary>Whose programs accept connections to an address and port.</summary>
    /// <param name="address">The address, IPv4 where possible.</param>
    /// <param name="port">The port.</param>
    /// <param name="table">The lines of <see cref="TcpTableEntry.ReadLines"/>.</param>
    /// <param name="isTrusted">Whether a user other than this one and root is trusted; null: none is.</param>
    public static PortOwner OwnerOf(IPAddress address, int port, IEnumerable<string> table, Func<uint, bool>? isTrusted = null)
    {
        PortOwner owner = PortOwner.Nobody;
        foreach (uint user in UsersOf(address, port, table))
        {
            if (user != 0 && user != PrivateFolder.User && isTrusted?.Invoke(user) != true)
                return PortOwner.Stranger;
            owner = PortOwner.Trusted;
        }

        return owner;
    }

    private static bool Serves(IPAddress listener, IPAddress address) =>
        listener.Equals(IPAddress.Any) || listener.Equals(IPAddress.IPv6Any) || listener.Equals(address);
}
