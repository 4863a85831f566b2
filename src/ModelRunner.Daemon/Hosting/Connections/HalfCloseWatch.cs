using Microsoft.AspNetCore.Connections;

namespace ModelRunner.Daemon.Hosting.Connections;

/// <summary>
/// Tells a client that only closed its sending direction, as <c>nc -N</c> does after its request, from a client that left. Both look the
/// same to the reader of the socket, and Kestrel treats both as gone. The first client waits for its response; the work for the second one
/// must stop.
/// </summary>
internal sealed class HalfCloseWatch(TimeProvider time) : IDisposable
{
    /// <summary>How often half-closed connections are checked. A client that left must be noticed within a second.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly HashSet<HalfClosedConnection> _halfClosed = [];
    private readonly PeerTable _peers = new();
    private ITimer? _timer;
    private bool _isLooking;

    /// <summary>The clock.</summary>
    public TimeProvider Time => time;

    /// <summary>From now on the connection's closed token is cancelled when the client leaves, and not when it half-closes.</summary>
    public HalfClosedConnection Follow(ConnectionContext connection) => new(this, connection);

    /// <summary>Checks a connection regularly until it ends.</summary>
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

    /// <summary>Stops checking it.</summary>
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
            // A busy machine may delay one check; the next check must not run at the same time.
            if (_isLooking)
                return;
            _isLooking = true;
            all = [.. _halfClosed];
        }

        try
        {
            // One read of the kernel's table serves all connections.
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
