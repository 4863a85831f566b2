using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace ModelRunner.Daemon.Hosting.Connections;

/// <summary>
/// One client's connection, with its number of running requests and the time since which it is idle. The table's lock guards all
/// properties.
/// </summary>
internal sealed class ClientConnection(ConnectionContext connection, long opened)
{
    private volatile bool _isNew = true;
    private int _requests;
    private long _idleSince = opened;

    /// <summary>Whether it was accepted beyond the limit, where only health checks and scrapes are served.</summary>
    public bool IsBeyondLimit { get; set; }

    /// <summary>When it was asked to close to make room; null: it was not asked.</summary>
    public long? EvictedAt { get; set; }

    /// <summary>Whether no request is running on it.</summary>
    public bool IsIdle => Volatile.Read(ref _requests) == 0;

    /// <summary>Whether it never had a request.</summary>
    public bool IsNew => _isNew;

    /// <summary>When it became idle: when its last response ended, or when it was opened.</summary>
    public long IdleSince => Volatile.Read(ref _idleSince);

    /// <summary>A request begins. HTTP/2 runs several at once.</summary>
    public void BeginRequest()
    {
        _isNew = false;
        Interlocked.Increment(ref _requests);
    }

    /// <summary>A request ended.</summary>
    public void EndRequest(long now)
    {
        Volatile.Write(ref _idleSince, now);
        Interlocked.Decrement(ref _requests);
    }

    /// <summary>Closes it after its running requests; at once if there are none.</summary>
    public void CloseWhenIdle() => connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();

    /// <summary>Closes it at once.</summary>
    public void Abort() => connection.Abort(new ConnectionAbortedException("The connection was closed to make room for another one."));
}
