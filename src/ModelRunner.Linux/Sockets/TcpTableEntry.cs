using System.Buffers;
using System.Globalization;
using System.Net;

namespace ModelRunner.Linux.Sockets;

/// <summary>One socket in the kernel's tables of TCP sockets. IPv4 addresses that are mapped to IPv6 are IPv4 addresses here.</summary>
/// <param name="Local">The own end.</param>
/// <param name="Remote">The other end; zeros while it listens.</param>
/// <param name="IsListening">Whether it accepts connections.</param>
/// <param name="User">The user that it belongs to.</param>
/// <param name="HasOwner">Whether a process holds it. The kernel alone ends the connection of a socket without a process.</param>
internal readonly record struct TcpTableEntry(IPEndPoint Local, IPEndPoint Remote, bool IsListening, uint User, bool HasOwner)
{
    private const string Listening = "0A";
    private const string NoInode = "0";

    // proc_net_tcp: sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …
    private const int LocalField = 1;
    private const int RemoteField = 2;
    private const int StateField = 3;
    private const int UserField = 7;
    private const int InodeField = 9;

    /// <summary>The lines of the tables of IPv4 and IPv6, the second one if the kernel has IPv6.</summary>
    /// <exception cref="IOException">A table cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">A table must not be read.</exception>
    public static IEnumerable<string> ReadLines() => ReadIfThere("/proc/net/tcp").Concat(ReadIfThere("/proc/net/tcp6"));

    /// <summary>Reads a line of a table; false for its header and for what is no entry.</summary>
    public static bool TryParse(string line, out TcpTableEntry entry)
    {
        entry = default;
        string[] fields = line.Split(' ', InodeField + 2, StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length <= InodeField || !TryParseEnd(fields[LocalField], out IPEndPoint local) || !TryParseEnd(fields[RemoteField], out IPEndPoint remote)
            || !uint.TryParse(fields[UserField], NumberStyles.None, CultureInfo.InvariantCulture, out uint user))
            return false;

        entry = new TcpTableEntry(local, remote, fields[StateField] == Listening, user, fields[InodeField] != NoInode);
        return true;
    }

    /// <summary>The address as IPv4 if it is mapped to IPv6.</summary>
    public static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static IEnumerable<string> ReadIfThere(string path) => File.Exists(path) ? File.ReadLines(path) : [];

    // 0100007F:1F90: each group of four bytes is one number in this machine's byte order.
    private static bool TryParseEnd(string text, out IPEndPoint end)
    {
        end = new IPEndPoint(0, 0);
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon is not (8 or 32) || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort port))
            return false;

        Span<byte> bytes = stackalloc byte[16];
        if (Convert.FromHexString(text.AsSpan(0, colon), bytes, out _, out int length) != OperationStatus.Done)
            return false;
        for (int group = 0; BitConverter.IsLittleEndian && group < length; group += 4)
            bytes.Slice(group, 4).Reverse();

        end = new IPEndPoint(Plain(new IPAddress(bytes[..length])), port);
        return true;
    }
}
