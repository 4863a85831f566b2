using System.Net;
using ModelRunner.Linux.Sockets;

namespace ModelRunner.Daemon.Hosting.Connections;

/// <summary>
/// Reads the kernel's tables of TCP connections to see whether a process of this machine still holds its end of a connection: an end without
/// a process has inode 0 or no line. Not thread-safe.
/// </summary>
internal sealed class PeerTable
{
    /// <summary>The largest table that is read, about 60,000 connections. Larger ones take too long to read ten times a second.</summary>
    private const int MaxBytes = 8 << 20;

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
        IPAddress address = TcpTableEntry.Plain(client.Address);
        if (!IPAddress.IsLoopback(address) && !address.Equals(TcpTableEntry.Plain(own.Address)))
            return null;
        if (!_isRead)
            Read();

        return _isWhole ? _held.Contains((address, client.Port, own.Port)) : null;
    }

    private void Read()
    {
        _held.Clear();
        (_isRead, _isWhole) = (true, true);
        int bytes = 0;
        try
        {
            foreach (string line in TcpTableEntry.ReadLines())
            {
                bytes += line.Length;
                if (bytes > MaxBytes)
                {
                    _isWhole = false;
                    return;
                }

                if (TcpTableEntry.TryParse(line, out TcpTableEntry entry) && entry.HasOwner)
                    _held.Add((entry.Local.Address, entry.Local.Port, entry.Remote.Port));
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _isWhole = false;
        }
    }
}
