using System.Net;
using System.Net.Sockets;
using ModelRunner.Daemon.Hosting.Connections;

namespace ModelRunner.Daemon.Tests.Hosting;

public sealed class PeerTableTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1", "127.0.0.1")]
    [InlineData("::1", "::1", "::1")]
    [InlineData("::", "127.0.0.1", "127.0.0.1")]
    public async Task A_half_closed_client_is_distinguished_from_a_disconnected_one(string listen, string connect, string from)
    {
        IPAddress address = IPAddress.Parse(listen);
        using var listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
            listener.DualMode = true;
        listener.Bind(new IPEndPoint(address, 0));
        listener.Listen();
        IPAddress target = IPAddress.Parse(connect);
        using var client = new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(new IPEndPoint(target, ((IPEndPoint)listener.LocalEndPoint!).Port), Cancellation);
        using Socket served = await listener.AcceptAsync(Cancellation);
        var (peer, own) = ((IPEndPoint)served.RemoteEndPoint!, (IPEndPoint)served.LocalEndPoint!);
        var table = new PeerTable();

        Assert.True(table.HasOwner(peer, own));
        client.Shutdown(SocketShutdown.Send);
        table.Forget();
        Assert.True(table.HasOwner(peer, own));
        client.Dispose();
        table.Forget();
        Assert.False(table.HasOwner(peer, own));
        Assert.Equal(IPAddress.Parse(from), (peer.Address.IsIPv4MappedToIPv6 ? peer.Address.MapToIPv4() : peer.Address));
    }

    [Fact]
    public void The_state_of_a_client_on_another_machine_is_unknown() =>
        Assert.Null(new PeerTable().HasOwner(IPEndPoint.Parse("192.0.2.7:4000"), IPEndPoint.Parse("192.0.2.1:80")));

    [Theory]
    [InlineData(1024, 1_000_000, 1024, 256)]
    [InlineData(1024, 1024, 412, 103)]
    [InlineData(1024, 64, 8, 4)]
    [InlineData(16, 1_000_000, 16, 4)]
    public void The_capacity_follows_from_the_setting_and_the_limit_of_open_files(int asked, long files, int limit, int reserve) =>
        Assert.Equal(new ConnectionCapacity(limit, reserve), ConnectionCapacity.Divide(asked, files));
}
