using Microsoft.AspNetCore.Connections;

namespace ModelRunner.Daemon.Hosting.Connections;

/// <summary>
/// Connection middleware between the sockets and HTTP: counts connections, recognises HTTP/2, and detects clients that close one direction.
/// </summary>
internal sealed class ConnectionMiddleware(ConnectionTable table, HalfCloseWatch watch, TimeProvider time)
{
    /// <summary>Runs one connection until it ends.</summary>
    public async Task RunAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        if (table.Add(connection) is not { } client)
            return;

        connection.Features.Set(client);
        connection.Transport = new ClientTransport(new DataBeforeEndReader(connection.Transport.Input), connection.Transport.Output);
        try
        {
            using HalfClosedConnection followed = watch.Follow(connection);
            if (await PriorKnowledge.PrepareAsync(connection, time))
                await next(connection);
        }
        finally
        {
            table.Remove(client);
        }
    }
}
