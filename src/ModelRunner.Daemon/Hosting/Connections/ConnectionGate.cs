using Microsoft.AspNetCore.Connections;

namespace ModelRunner.Daemon.Hosting.Connections;

/// <summary>Stands between the sockets and HTTP: counts connections, recognises HTTP/2, and follows clients that close one direction.</summary>
internal sealed class ConnectionGate(ConnectionTable table, HalfCloseWatch watch, TimeProvider time)
{
    /// <summary>Runs one connection to its end.</summary>
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
