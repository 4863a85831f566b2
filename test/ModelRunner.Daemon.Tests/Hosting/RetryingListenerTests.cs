using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Daemon.Hosting;

namespace ModelRunner.Daemon.Tests.Hosting;

public sealed class RetryingListenerTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_lasting_error_is_retried()
    {
        var time = new TimerWatch();
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        var listener = new RetryingListener(socket, new SocketTransportOptions(), NullLoggerFactory.Instance, time);

        // From here on each accept fails.
        socket.Shutdown(SocketShutdown.Both);
        Task accept = Task.Run(async () => await listener.AcceptAsync());
        try
        {
            await time.WaitForTimerAsync(TimeSpan.FromMilliseconds(10));
            Assert.False(accept.IsCompleted);
        }
        finally
        {
            await listener.DisposeAsync();
        }

        await accept.WaitAsync(Limit);
    }

    [Fact]
    public async Task Without_free_files_it_retries_with_pauses_of_up_to_half_a_second()
    {
        var time = new FakeTimeProvider();
        DateTimeOffset start = time.GetUtcNow();
        var attempts = new List<double>();
        bool hasFiles = false;
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await using var listener = new RetryingListener(socket, new SocketTransportOptions(), NullLoggerFactory.Instance, time, _ =>
        {
            attempts.Add((time.GetUtcNow() - start).TotalMilliseconds);
            return hasFiles
                ? ValueTask.FromResult(new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
                : ValueTask.FromException<Socket>(new SocketException((int)SocketError.TooManyOpenSockets));
        });

        // It was started on a thread of the pool, so it continues within the call that advances the clock.
        Task<ConnectionContext?>[] accepting = await Task.Run(() => new[] { listener.AcceptAsync().AsTask() });
        for (int i = 0; i < 200; i++)
            time.Advance(TimeSpan.FromMilliseconds(10));

        Assert.Equal([0, 10, 30, 70, 150, 310, 630, 1130, 1630], attempts);
        Assert.False(accepting[0].IsCompleted);
        hasFiles = true;
        time.Advance(TimeSpan.FromMilliseconds(500));
        await using ConnectionContext? accepted = await accepting[0].WaitAsync(TestContext.Current.CancellationToken);
        Assert.NotNull(accepted);
    }
}
