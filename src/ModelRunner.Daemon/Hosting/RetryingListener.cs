using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace ModelRunner.Daemon.Hosting;

/// <summary>
/// Accepts connections. If the system has no file or memory for one more, it waits before the next attempt, twice as long each time, and
/// logs one warning. Meanwhile clients wait in the socket's queue.
/// </summary>
internal sealed class RetryingListener : IConnectionListener
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LastPause = TimeSpan.FromMilliseconds(500);

    /// <summary>The warning is logged again only after one minute without errors.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);

    private readonly SocketConnectionContextFactory _connections;
    private readonly ILogger<RetryingListener> _logger;
    private readonly Socket _socket;
    private readonly Func<CancellationToken, ValueTask<Socket>> _accept;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _unbound = new();
    private long? _failedAt;

    /// <param name="socket">Bound and listening; owned by this object from here on.</param>
    /// <param name="options">How Kestrel's sockets are set up.</param>
    /// <param name="logs">The loggers of this listener and of its connections.</param>
    /// <param name="time">The clock for pauses.</param>
    /// <param name="accept">Accepts a connection; null: the socket's own method.</param>
    public RetryingListener(
        Socket socket, SocketTransportOptions options, ILoggerFactory logs, TimeProvider time,
        Func<CancellationToken, ValueTask<Socket>>? accept = null)
    {
        (_socket, _time, _accept) = (socket, time, accept ?? socket.AcceptAsync);
        EndPoint = socket.LocalEndPoint!;
        NoDelay = options.NoDelay;
        _logger = logs.CreateLogger<RetryingListener>();
        _connections = new SocketConnectionContextFactory(MakeOptions(options), logs.CreateLogger("Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets"));
    }

    public EndPoint EndPoint { get; }

    private bool NoDelay { get; }

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        TimeSpan pause = FirstPause;
        for (int errors = 0; ; errors++)
        {
            try
            {
                Socket accepted = await _accept(cancellationToken);
                if (accepted.LocalEndPoint is IPEndPoint)
                    accepted.NoDelay = NoDelay;
                return _connections.Create(accepted);
            }
            catch (Exception failure) when (failure is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted })
            {
                return null;
            }
            catch (SocketException failure)
            {
                bool isShortage = IsShortage(failure.SocketErrorCode);
                if (isShortage)
                    Tell(failure);

                // The other possible error means that a client disconnected before it was accepted. No other error may end the loop.
                if (!isShortage && errors == 0)
                    continue;
                if (!await PauseAsync(pause))
                    return null;
                pause = pause * 2 < LastPause ? pause * 2 : LastPause;
            }
        }
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _unbound.Cancel();
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _unbound.Cancel();
        _socket.Dispose();
        _connections.Dispose();
        return ValueTask.CompletedTask;
    }

    private static bool IsShortage(SocketError error) => error is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable;

    private void Tell(SocketException failure)
    {
        bool isNew = _failedAt is not { } last || _time.GetElapsedTime(last) > Quiet;
        _failedAt = _time.GetTimestamp();
        if (isNew)
            _logger.LogNoFiles(EndPoint, failure.SocketErrorCode == SocketError.TooManyOpenSockets ? "too many open files" : "too little memory for sockets");
    }

    private async Task<bool> PauseAsync(TimeSpan pause)
    {
        try
        {
            await Task.Delay(pause, _time, _unbound.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static SocketConnectionFactoryOptions MakeOptions(SocketTransportOptions options) => new()
    {
        IOQueueCount = options.IOQueueCount,
        MaxReadBufferSize = options.MaxReadBufferSize,
        MaxWriteBufferSize = options.MaxWriteBufferSize,
        UnsafePreferInlineScheduling = options.UnsafePreferInlineScheduling,
        WaitForDataBeforeAllocatingBuffer = options.WaitForDataBeforeAllocatingBuffer,
    };
}
