using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using ModelRunner.Daemon.Configuration;

namespace ModelRunner.Daemon.Hosting;

/// <summary>Tells Kestrel where to listen and what a client may cost.</summary>
internal static class KestrelSetup
{
    private const int MaxConnections = 1024;
    private const int MaxHeaderBytes = 32 * 1024;
    private static readonly TimeSpan HeaderTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Sets it up.</summary>
    /// <param name="builder">The host.</param>
    /// <param name="listen">Where to listen.</param>
    /// <param name="socket">The Unix socket, made already; null: none.</param>
    public static void UseKestrel(this WebApplicationBuilder builder, ListenSettings listen, UnixListener? socket)
    {
        builder.WebHost.UseKestrelCore();
        builder.Services.Configure<SocketTransportOptions>(transport => transport.CreateBoundListenSocket = endPoint =>
            socket is not null && endPoint is UnixDomainSocketEndPoint
                ? socket.Socket
                : SocketTransportOptions.CreateDefaultBoundListenSocket(endPoint));
        builder.Services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = MaxConnections;
            kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;

            // RequestBody counts itself: where Kestrel refuses, it cuts the connection before the client has read why.
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.RequestHeadersTimeout = HeaderTimeout;
            kestrel.ConfigureEndpointDefaults(static endpoint => endpoint.Protocols = HttpProtocols.Http1);
            if (socket is not null)
                kestrel.ListenUnixSocket(socket.Path);
            if (listen.Tcp is { } tcp)
                kestrel.Listen(tcp);
        });
    }
}
