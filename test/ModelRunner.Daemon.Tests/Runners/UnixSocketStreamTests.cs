using System.Net.Sockets;
using ModelRunner.Daemon.Runners;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Runners;

public sealed class UnixSocketStreamTests
{
    [Fact]
    public async Task A_server_whose_queue_is_full_is_asked_again_until_it_accepts()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Join(folder.Path, "full.sock");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(0);
        CancellationToken cancellation = TestContext.Current.CancellationToken;

        // The queue of length 0 holds one connection.
        await using Stream first = await UnixSocketStream.ConnectAsync(path, TimeProvider.System, cancellation);
        using var plain = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        var refused = await Assert.ThrowsAsync<SocketException>(() => plain.ConnectAsync(new UnixDomainSocketEndPoint(path)));
        Assert.Equal(SocketError.WouldBlock, refused.SocketErrorCode);

        Task<Stream> second = UnixSocketStream.ConnectAsync(path, TimeProvider.System, cancellation).AsTask();
        Assert.False(second.IsCompleted);
        using Socket accepted = await listener.AcceptAsync(cancellation);
        await using Stream connected = await second.WaitAsync(DaemonFixture.Patience, cancellation);
    }
}
