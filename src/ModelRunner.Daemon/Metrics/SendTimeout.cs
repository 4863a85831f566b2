using System.Net.Sockets;
using ModelRunner.Linux.Sockets;

namespace ModelRunner.Daemon.Metrics;

/// <summary>
/// The timeouts of sending one page: the end of the client's own timeout, and an idle timeout since the client last accepted bytes. While a
/// write is blocked, a timer polls the queue of the socket: a write of 256 KiB completes only when all of it is accepted, but a slow client
/// accepts it bit by bit. Thread-safe.
/// </summary>
internal sealed class SendTimeout : IDisposable
{
    /// <summary>How often the queue of the socket is polled.</summary>
    public static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>Both timeouts are at least this long, so that a late page can still be sent.</summary>
    private static readonly TimeSpan MinTimeout = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _source;
    private readonly Socket? _socket;
    private readonly TimeSpan _left;
    private readonly TimeSpan _idleTimeout;
    private readonly TimeProvider _time;
    private readonly long _startedAt;
    private ITimer? _pollTimer;
    private int? _queued;
    private bool _isBlocked;
    private bool _isDisposed;

    /// <param name="socket">
    /// The socket of the client; null if its queue is unknown. Then only a completed write resets the idle timeout.
    /// </param>
    /// <param name="left">The rest of the client's timeout, from now.</param>
    /// <param name="idleTimeout">The idle timeout.</param>
    /// <param name="time">The clock.</param>
    public SendTimeout(Socket? socket, TimeSpan left, TimeSpan idleTimeout, TimeProvider time)
    {
        (_socket, _time, _startedAt) = (socket, time, time.GetTimestamp());
        _left = left > MinTimeout ? left : MinTimeout;
        _idleTimeout = idleTimeout > MinTimeout ? idleTimeout : MinTimeout;
        _source = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
    }

    /// <summary>Cancelled when a timeout expires, or by <see cref="Cancel"/>.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Called before each write: restarts the idle timeout.</summary>
    /// <exception cref="OperationCanceledException">The client's timeout has expired.</exception>
    public void Restart()
    {
        TimeSpan rest = _left - _time.GetElapsedTime(_startedAt);
        if (rest <= TimeSpan.Zero)
            throw new OperationCanceledException("The timeout of the client has expired.");
        _source.CancelAfter(rest < _idleTimeout ? rest : _idleTimeout);
    }

    /// <summary>Called when a write blocks.</summary>
    public void BeginWait()
    {
        if (_socket is null)
            return;
        lock (_lock)
        {
            _isBlocked = true;
            _queued = SocketQueue.BytesIn(_socket);
            _pollTimer ??= _time.CreateTimer(static timeout => ((SendTimeout)timeout!).Poll(), this, PollInterval, PollInterval);
        }
    }

    /// <summary>Called when the write has completed.</summary>
    public void EndWait()
    {
        lock (_lock)
            _isBlocked = false;
    }

    /// <summary>Cancels the sending at once.</summary>
    /// <exception cref="ObjectDisposedException">The sending has ended already.</exception>
    public void Cancel() => _source.Cancel();

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _pollTimer?.Dispose();
        }

        _source.Dispose();
    }

    // Any change of the queue means that the client accepted bytes: nothing is added to it while the write is blocked.
    private void Poll()
    {
        lock (_lock)
        {
            if (!_isBlocked || _isDisposed || SocketQueue.BytesIn(_socket!) is not { } queued || queued == _queued)
                return;
            _queued = queued;
            TimeSpan rest = _left - _time.GetElapsedTime(_startedAt);
            if (rest > TimeSpan.Zero)
                _source.CancelAfter(rest < _idleTimeout ? rest : _idleTimeout);
        }
    }
}
