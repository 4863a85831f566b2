using Microsoft.AspNetCore.Connections;

namespace ModelRunner.Daemon.Hosting.Connections;

/// <summary>
/// All connections of clients. Where there are as many as may be, a new one takes the place of the one that was idle for the longest time.
/// Where all are at work, or those that were asked to close are not gone yet, the reserve is used, so that health checks and scrapes still get
/// an answer. There are never more than both together. Safe to call from any thread.
/// </summary>
internal sealed class ConnectionTable(ConnectionPlaces places, TimeProvider time)
{
    /// <summary>How long a connection that was asked to close may take: one that sends its headers slowly does not hear it.</summary>
    private static readonly TimeSpan EvictionPatience = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly HashSet<ClientConnection> _connections = [];

    /// <summary>How many there may be.</summary>
    public int Limit => places.Limit;

    /// <summary>How many there are.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _connections.Count;
        }
    }

    /// <summary>Whether there are more than may be, so that a connection beyond the limit is to be used sparingly.</summary>
    public bool IsFull => Count > places.Limit;

    /// <summary>Takes a new connection in; null where even the reserve is used up.</summary>
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

                // Where so many leave already, nobody else has to.
                bool isCrowded = _connections.Count - leaving >= places.Limit;
                evicted = isCrowded ? longest : null;
                evicted?.EvictedAt = now;
                client.IsBeyondLimit = isCrowded && evicted is null;
            }

            if (isAccepted)
                _connections.Add(client);
        }

        // Closing runs code of others, which must not happen under the lock.
        evicted?.CloseWhenIdle();
        foreach (ClientConnection connectionThatStays in late)
            connectionThatStays.Abort();
        return isAccepted ? client : null;
    }

    /// <summary>Takes an ended connection out.</summary>
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
                if (time.GetElapsedTime(asked, now) > EvictionPatience)
                    late.Add(candidate);
            }
            else if (longest is null || candidate.IdleSince < longest.IdleSince)
            {
                longest = candidate;
            }
        }

        return longest;
    }
}
