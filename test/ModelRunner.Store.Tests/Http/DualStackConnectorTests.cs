using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using ModelRunner.Store.Http;

namespace ModelRunner.Store.Tests.Http;

public sealed class DualStackConnectorTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A full queue of a listening socket drops further connections, as a broken network does.</summary>
    [Fact]
    public async Task An_address_that_does_not_answer_does_not_use_up_the_time()
    {
        using Socket good = Listen(IPAddress.Loopback, 0, backlog: 16);
        int port = ((IPEndPoint)good.LocalEndPoint!).Port;
        IPAddress bad = IPAddress.Parse("127.0.0.2");
        using Socket full = Listen(bad, port, backlog: 0);
        using Socket first = await FillAsync(bad, port);
        var connector = new DualStackConnector((_, _) => Task.FromResult<IPAddress[]>([bad, IPAddress.Loopback]), TimeProvider.System);
        long start = Stopwatch.GetTimestamp();

        using Socket socket = await connector.ConnectAsync("host.example", port, Cancellation);

        Assert.Equal(IPAddress.Loopback, ((IPEndPoint)socket.RemoteEndPoint!).Address);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0.2, 8);
    }

    [Fact]
    public async Task An_address_that_refuses_is_followed_by_the_next_one_at_once()
    {
        using Socket good = Listen(IPAddress.Loopback, 0, backlog: 16);
        int port = ((IPEndPoint)good.LocalEndPoint!).Port;
        var connector = new DualStackConnector(
            static (_, _) => Task.FromResult<IPAddress[]>([IPAddress.IPv6Loopback, IPAddress.Parse("127.0.0.9"), IPAddress.Loopback]), TimeProvider.System);

        using Socket socket = await connector.ConnectAsync("host.example", port, Cancellation);

        Assert.Equal(port, ((IPEndPoint)socket.RemoteEndPoint!).Port);
    }

    [Fact]
    public async Task Without_a_good_address_the_first_problem_counts()
    {
        var connector = new DualStackConnector(static (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback, IPAddress.Parse("127.0.0.9")]), TimeProvider.System);
        var empty = new DualStackConnector(static (_, _) => Task.FromResult<IPAddress[]>([]), TimeProvider.System);

        SocketException refused = await Assert.ThrowsAsync<SocketException>(() => connector.ConnectAsync("host.example", 1, Cancellation));
        SocketException unknown = await Assert.ThrowsAsync<SocketException>(() => empty.ConnectAsync("host.example", 1, Cancellation));

        Assert.Equal((SocketError.ConnectionRefused, SocketError.HostNotFound), (refused.SocketErrorCode, unknown.SocketErrorCode));
    }

    private static Socket Listen(IPAddress address, int port, int backlog)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(address, port));
        socket.Listen(backlog);
        return socket;
    }

    private static async Task<Socket> FillAsync(IPAddress address, int port)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(address, port, Cancellation);
        return socket;
    }
}
