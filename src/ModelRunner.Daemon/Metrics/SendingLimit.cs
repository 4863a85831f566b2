using System.Net.Sockets;

namespace ModelRunner.Daemon.Metrics;

/// <summary>
/// How long a client is waited for that a page is sent to: until its timeout is over, and no longer than its patience after it took the last
/// bytes. While a write waits, the socket is looked at again and again: a write of 256 KiB ends only when all of it is gone, and a slow client
/// takes it little by little. Thread-safe.
/// </summary>
internal sealed class SendingLimit : IDisposable
{
    /// <summary>How often the socket is looked at.</summary>
    public static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);

    /// <summary>A late page is still sent for at least 1 s.</summary>
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _source;
    private readonly Socket? _socket;
    private readonly TimeSpan _left;
    private readonly TimeSpan _patience;
    private readonly TimeProvider _time;
    private readonly long _startedAt;
    private ITimer? _looking;
    private int? _queued;
    private bool _isWaiting;
    private bool _isDisposed;

    /// <param name="socket">The client's socket; null where it cannot be looked at. Then only the end of a write counts.</param>
    /// <param name="left">How long the client waits from now.</param>
    /// <param name="patience">How long it may take nothing.</param>
    /// <param name="time">The clock.</param>
    public SendingLimit(Socket? socket, TimeSpan left, TimeSpan patience, TimeProvider time)
    {
        (_socket, _time, _startedAt) = (socket, time, time.GetTimestamp());
        _left = left > Shortest ? left : Shortest;
        _patience = patience > Shortest ? patience : Shortest;
        _source = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
    }

    /// <summary>Cancelled when the time is over, or by <see cref="Cancel"/>.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Before a write: from now on the client may take nothing for as long as its patience.</summary>
    /// <exception cref="OperationCanceledException">Its timeout is over.</exception>
    public void Restart()
    {
        TimeSpan rest = _left - _time.GetElapsedTime(_startedAt);
        if (rest <= TimeSpan.Zero)
            throw new OperationCanceledException("The scraper's timeout is over.");
        _source.CancelAfter(rest < _patience ? rest : _patience);
    }

    /// <summary>A write begins to wait for the client.</summary>
    public void BeginWait()
    {
        if (_socket is null)
            return;
        lock (_gate)
        {
            _isWaiting = true;
            _queued = SocketQueue.BytesIn(_socket);
            _looking ??= _time.CreateTimer(static limit => ((SendingLimit)limit!).Look(), this, LookEvery, LookEvery);
        }
    }

    /// <summary>The write has ended.</summary>
    public void EndWait()
    {
        lock (_gate)
            _isWaiting = false;
    }

    /// <summary>Ends the sending at once.</summary>
    /// <exception cref="ObjectDisposedException">It has ended already.</exception>
    public void Cancel() => _source.Cancel();

    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _looking?.Dispose();
        }

        _source.Dispose();
    }

    // Whatever changed, the client took something: without that, a queue that is full stays as it is.
    private void Look()
    {
        lock (_gate)
        {
            if (!_isWaiting || _isDisposed || SocketQueue.BytesIn(_socket!) is not { } queued || queued == _queued)
                return;
            _queued = queued;
            TimeSpan rest = _left - _time.GetElapsedTime(_startedAt);
            if (rest > TimeSpan.Zero)
                _source.CancelAfter(rest < _patience ? rest : _patience);
        }
    }
}
