using Microsoft.AspNetCore.Connections;

namespace ModelRunner.Daemon.Hosting.Connections;

/// <summary>
/// Tells a client that only closed its sending direction, as <c>nc -N</c> does after its request, from one that left. Both look the same to
/// the reader of the socket, and Kestrel takes both for gone. The first one waits for its answer; for the second one nothing may go on.
/// </summary>
internal sealed class HalfCloseWatch(TimeProvider time) : IDisposable
{
    /// <summary>How often half closed connections are looked at. A client that left must be noticed within a second.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly HashSet<HalfClosedConnection> _halfClosed = [];
    private readonly PeerTable _peers = new();
    private ITimer? _timer;
    private bool _isLooking;

    /// <summary>The clock.</summary>
    public TimeProvider Time => time;

    /// <summary>From now on the connection's token for its end is cancelled when the client left, and not when it half closed.</summary>
    public HalfClosedConnection Follow(ConnectionContext connection) => new(this, connection);

    /// <summary>Looks at a connection again and again until it ends.</summary>
    public void Add(HalfClosedConnection connection)
    {
        lock (_lock)
        {
            _halfClosed.Add(connection);
            if (_halfClosed.Count > 1)
                return;
            _timer ??= time.CreateTimer(static watch => ((HalfCloseWatch)watch!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _timer.Change(Interval, Interval);
        }
    }

    /// <summary>Looks at it no longer.</summary>
    public void Remove(HalfClosedConnection connection)
    {
        lock (_lock)
        {
            if (_halfClosed.Remove(connection) && _halfClosed.Count == 0)
                _timer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose() => _timer?.Dispose();

    private void Look()
    {
        HalfClosedConnection[] all;
        lock (_lock)
        {
            // A machine that is busy may be late with one look; the next one does not have to run beside it.
            if (_isLooking)
                return;
            _isLooking = true;
            all = [.. _halfClosed];
        }

        try
        {
            // One look at the kernel's table is for all connections.
            _peers.Forget();
            foreach (HalfClosedConnection connection in all)
                connection.Look(_peers);
        }
        finally
        {
            lock (_lock)
                _isLooking = false;
        }
    }
}
