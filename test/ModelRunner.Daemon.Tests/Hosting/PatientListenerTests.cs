using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using ModelRunner.Daemon.Hosting;

namespace ModelRunner.Daemon.Tests.Hosting;

public sealed class PatientListenerTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task An_error_that_does_not_end_is_waited_out()
    {
        var time = new PauseWatch();
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        var listener = new PatientListener(socket, new SocketTransportOptions(), NullLoggerFactory.Instance, time);

        // From here on the system refuses every accept.
        socket.Shutdown(SocketShutdown.Both);
        Task accept = Task.Run(async () => await listener.AcceptAsync());
        try
        {
            await time.Asked.WaitAsync(Limit);
            Assert.False(accept.IsCompleted);
        }
        finally
        {
            await listener.DisposeAsync();
        }

        await accept.WaitAsync(Limit);
    }

    /// <summary>A clock that stands still and tells when it is asked for a pause.</summary>
    private sealed class PauseWatch : TimeProvider
    {
        private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Asked => _asked.Task;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _asked.TrySetResult();
            return base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }
}
