using Microsoft.AspNetCore.Connections;

namespace ModelRunner.Daemon.Hosting.Connections;

/// <summary>
/// All client connections. At the limit, a new connection replaces the one that has been idle longest. If none is idle, or those that were
/// asked to close are not closed yet, the new one uses the reserve, on which only health checks and scrapes are served. There are never more
/// connections than limit plus reserve. Safe to call from any thread.
/// </summary>
internal sealed class ConnectionTable(ConnectionCapacity places, TimeProvider time)
{
    /// <summary>How long a connection that was asked to close may stay open: one that sends its headers slowly does not notice the request.</summary>
    private static readonly TimeSpan EvictionTimeout = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a new connection has for its first request before it counts as idle: the request may be received and not yet read.
    /// </summary>
    private static readonly TimeSpan FirstRequestTimeout = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly HashSet<ClientConnection> _connections = [];

    /// <summary>The most connections for all requests.</summary>
    public int Limit => places.Limit;

    /// <summary>The number of connections now.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _connections.Count;
        }
    }

    /// <summary>Whether there are more connections than the limit, so that connections in the reserve should be closed soon.</summary>
    public bool IsFull => Count > places.Limit;

    /// <summary>Adds a new connection; null if even the reserve is full.</summary>
    public ClientConnection? Add(ConnectionContext connection)
    {
        long now = time.GetTimestamp();
        var client = new ClientConnection(connection, now);
        var late = new List<ClientConnection>();
        ClientConnection? evicted = null;
        bool isAccepted;
        lock (_lock)
        {
            isAccepted = _connections.Count < places.Limit + places.Reserve;
            if (_connections.Count >= places.Limit)
            {
                ClientConnection? longest = FindLongestIdle(now, late, out int leaving);

                // That many connections are closing already; no other one has to close.
                bool isCrowded = _connections.Count - leaving >= places.Limit;
                evicted = isCrowded ? longest : null;
                evicted?.EvictedAt = now;
                client.IsBeyondLimit = isCrowded && evicted is null;
            }

            if (isAccepted)
                _connections.Add(client);
        }

        // Closing runs foreign code, which must not happen under the lock.
        evicted?.CloseWhenIdle();
        foreach (ClientConnection connectionThatStays in late)
            connectionThatStays.Abort();
        return isAccepted ? client : null;
    }

    /// <summary>Removes an ended connection.</summary>
    public void Remove(ClientConnection client)
    {
        lock (_lock)
            _connections.Remove(client);
    }

    private ClientConnection? FindLongestIdle(long now, List<ClientConnection> late, out int leaving)
    {
        leaving = 0;
        ClientConnection? longest = null;
        foreach (ClientConnection candidate in _connections)
        {
            if (!candidate.IsIdle)
                continue;
            if (candidate.EvictedAt is { } asked)
            {
                leaving++;
                if (time.GetElapsedTime(asked, now) > EvictionTimeout)
                    late.Add(candidate);
            }
            else if (candidate.IsNew && time.GetElapsedTime(candidate.IdleSince, now) <= FirstRequestTimeout)
            {
                continue;
            }
            else if (longest is null || candidate.IdleSince < longest.IdleSince)
            {
                longest = candidate;
            }
        }

        return longest;
    }
}
