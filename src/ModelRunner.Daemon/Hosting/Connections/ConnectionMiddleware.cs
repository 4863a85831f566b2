using Microsoft.AspNetCore.Connections;

namespace ModelRunner.Daemon.Hosting.Connections;

/// <summary>
/// Connection middleware between the sockets and HTTP: counts connections, recognises HTTP/2, and detects clients that close one direction.
/// </summary>
internal sealed class ConnectionMiddleware(ConnectionTable table, HalfCloseWatch watch, TimeProvider time)
{
    /// <summary>Runs one connection until it ends.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="next">What serves it.</param>
    /// <param name="isTls">Whether its clients have to begin with a TLS handshake.</param>
    public async Task RunAsync(ConnectionContext connection, ConnectionDelegate next, bool isTls)
    {
        if (table.Add(connection) is not { } client)
            return;

        connection.Features.Set(client);
        connection.Transport = new ClientTransport(new DataBeforeEndReader(connection.Transport.Input), connection.Transport.Output);
        try
        {
            using HalfClosedConnection followed = watch.Follow(connection);
            if (await (isTls ? PlainHttp.PrepareAsync(connection, time) : PriorKnowledge.PrepareAsync(connection, time)))
                await next(connection);
        }
        finally
        {
            table.Remove(client);
        }
    }
}
