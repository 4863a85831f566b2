using System.Globalization;
using System.Net;

namespace ModelRunner.Daemon.Hosting.Connections;

/// <summary>
/// Reads the kernel's tables of TCP connections to see whether a process of this machine still holds its end of a connection: an end without
/// a process has inode 0 or no line. Not thread-safe.
/// </summary>
internal sealed class PeerTable
{
    /// <summary>The largest table that is read, about 60,000 connections. Larger ones take too long to read ten times a second.</summary>
    private const int MaxBytes = 8 << 20;

    private static readonly string[] Files = ["/proc/net/tcp", "/proc/net/tcp6"];

    private readonly HashSet<(IPAddress Address, int Port, int PeerPort)> _held = [];
    private bool _isRead;
    private bool _isWhole;

    /// <summary>Makes the next query read the tables again.</summary>
    public void Forget() => _isRead = false;

    /// <summary>
    /// Whether a process holds the client's end of a connection; null if the client is not on this machine or this cannot be known.
    /// </summary>
    public bool? HasOwner(IPEndPoint client, IPEndPoint own)
    {
        IPAddress address = Plain(client.Address);
        if (!IPAddress.IsLoopback(address) && !address.Equals(Plain(own.Address)))
            return null;
        if (!_isRead)
            Read();

        return _isWhole ? _held.Contains((address, client.Port, own.Port)) : null;
    }

    // proc_net_tcp: sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …
    internal static bool TryParse(string line, out IPEndPoint local, out IPEndPoint remote, out bool isHeld)
    {
        (local, remote, isHeld) = (new IPEndPoint(0, 0), new IPEndPoint(0, 0), false);
        string[] fields = line.Split(' ', 11, StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length < 10 || !TryParseEnd(fields[1], out local) || !TryParseEnd(fields[2], out remote))
            return false;

        isHeld = fields[9] != "0";
        return true;
    }

    private static bool TryParseEnd(string text, out IPEndPoint end)
    {
        end = new IPEndPoint(0, 0);
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon is not (8 or 32)
            || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int port))
            return false;

        // Each group of four bytes is a number in the machine's order.
        Span<byte> bytes = stackalloc byte[16];
        if (Convert.FromHexString(text.AsSpan(0, colon), bytes, out _, out int length) != System.Buffers.OperationStatus.Done)
            return false;
        for (int group = 0; BitConverter.IsLittleEndian && group < length; group += 4)
            bytes.Slice(group, 4).Reverse();

        end = new IPEndPoint(Plain(new IPAddress(bytes[..length])), port);
        return true;
    }

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private void Read()
    {
        _held.Clear();
        (_isRead, _isWhole) = (true, true);
        int bytes = 0;
        try
        {
            foreach (string file in Files.Where(File.Exists))
            {
                foreach (string line in File.ReadLines(file).Skip(1))
                {
                    bytes += line.Length;
                    if (bytes > MaxBytes)
                    {
                        _isWhole = false;
                        return;
                    }

                    if (TryParse(line, out IPEndPoint local, out IPEndPoint remote, out bool isHeld) && isHeld)
                        _held.Add((local.Address, local.Port, remote.Port));
                }
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _isWhole = false;
        }
    }
}
