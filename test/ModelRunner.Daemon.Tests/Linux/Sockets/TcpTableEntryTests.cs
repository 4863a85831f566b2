using System.Net;
using ModelRunner.Linux.Sockets;

namespace ModelRunner.Daemon.Tests.Linux.Sockets;

public sealed class TcpTableEntryTests
{
    [Theory]
    [InlineData("0100007F:1F90 00000000:0000 0A", "127.0.0.1:8080", "0.0.0.0:0", true)]
    [InlineData("0100007F:1F90 0100007F:0050 01", "127.0.0.1:8080", "127.0.0.1:80", false)]
    [InlineData("00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A", "[::1]:8080", "[::]:0", true)]
    [InlineData("0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000100007F:0050 01", "127.0.0.1:8080", "127.0.0.1:80", false)]
    public void The_ends_and_the_state_are_read(string ends, string local, string remote, bool isListening)
    {
        Assert.True(TcpTableEntry.TryParse($"   0: {ends} 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0000000000000000 100 0", out TcpTableEntry entry));

        Assert.Equal(new TcpTableEntry(IPEndPoint.Parse(local), IPEndPoint.Parse(remote), isListening, User: 1000, HasOwner: true), entry);
    }

    [Fact]
    public void A_socket_without_inode_has_no_owner()
    {
        Assert.True(TcpTableEntry.TryParse("3: 0100007F:1F90 0100007F:0050 06 00000000:00000000 03:00000E10 00000000 0 0 0 3 0000000000000000", out TcpTableEntry entry));

        Assert.False(entry.HasOwner);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode")]
    [InlineData("0: 0100007F:ZZZZ 0100007F:0050 01 0:0 0:0 0 0 0 12")]
    [InlineData("0: 0100007F:1F90 0100007F:10050 01 0:0 0:0 0 0 0 12")]
    [InlineData("0: 0100007:1F90 0100007F:0050 01 0:0 0:0 0 0 0 12")]
    [InlineData("0: 010000ZZ:1F90 0100007F:0050 01 0:0 0:0 0 0 0 12")]
    [InlineData("0: 0100007F:1F90 0100007F:0050 01 0:0 0:0 0 root 0 12")]
    [InlineData("0: 0100007F:1F90 0100007F:0050 01 0:0 0:0 0 0 0")]
    public void An_invalid_line_is_no_entry(string line) => Assert.False(TcpTableEntry.TryParse(line, out _));
}
