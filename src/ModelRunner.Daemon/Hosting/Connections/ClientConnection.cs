using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace ModelRunner.Daemon.Hosting.Connections;

/// <summary>One client's connection: whether it is at work, and since when it is not. The table's lock guards all properties.</summary>
internal sealed class ClientConnection(ConnectionContext connection, long opened)
{
    private int _requests;
    private long _idleSince = opened;

    /// <summary>Whether it was accepted beyond the limit, where only health checks and scrapes are answered.</summary>
    public bool IsBeyondLimit { get; set; }

    /// <summary>When it was asked to close to make room; null: it was not.</summary>
    public long? EvictedAt { get; set; }

    /// <summary>Whether no request is being answered.</summary>
    public bool IsIdle => Volatile.Read(ref _requests) == 0;

    /// <summary>Since when it is idle: since the last answer, or since it was opened.</summary>
    public long IdleSince => Volatile.Read(ref _idleSince);

    /// <summary>A request begins. HTTP/2 has several at once.</summary>
    public void BeginRequest() => Interlocked.Increment(ref _requests);

    /// <summary>A request was answered.</summary>
    public void EndRequest(long now)
    {
        Volatile.Write(ref _idleSince, now);
        Interlocked.Decrement(ref _requests);
    }

    /// <summary>Closes it after the requests that run; at once where there are none.</summary>
    public void CloseWhenIdle() => connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();

    /// <summary>Closes it at once.</summary>
    public void Abort() => connection.Abort(new ConnectionAbortedException("The connection made room for another one."));
}
