using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Hosting.Connections;

namespace ModelRunner.Daemon.Hosting;

/// <summary>Tells Kestrel where to listen and what a client may cost.</summary>
internal static class KestrelSetup
{
    /// <summary>How long a connection may stay without a request.</summary>
    public static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    private const int MaxHeaderBytes = 32 * 1024;

    /// <summary>
    /// What Kestrel reads of a body before anybody asked for it. With the default of 1 MiB, bodies that wait for memory would hold some.
    /// </summary>
    private const int MaxReadAheadBytes = 64 * 1024;

    /// <summary>
    /// What the kernel takes for a TCP client beyond what the client has room for. By default it takes up to 4 MiB, so that hundreds of clients
    /// that read nothing would hold a gigabyte of its memory, and the time to copy that would be missing for other clients.
    /// </summary>
    private const int MaxUnsentBytes = 256 * 1024;

    /// <summary>TCP_NOTSENT_LOWAT.</summary>
    private const int TcpUnsentLimit = 25;

    private const int MaxStreams = 100;
    private const int ConnectionWindowBytes = 256 * 1024;
    private const int StreamWindowBytes = 128 * 1024;
    private static readonly TimeSpan HeaderTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(30);

    /// <summary>Sets it up.</summary>
    /// <param name="builder">The host.</param>
    /// <param name="settings">Where to listen and how many connections there may be.</param>
    /// <param name="socket">The Unix socket, made already; null: none.</param>
    /// <param name="time">The clock.</param>
    public static void UseKestrel(this WebApplicationBuilder builder, DaemonSettings settings, UnixListener? socket, TimeProvider time)
    {
        builder.WebHost.UseKestrelCore();
        builder.Services.Configure<SocketTransportOptions>(transport =>
        {
            transport.MaxReadBufferSize = MaxReadAheadBytes;
            transport.CreateBoundListenSocket = endPoint => socket is not null && endPoint is UnixDomainSocketEndPoint
                ? socket.Socket
                : ListenOnTcp(endPoint);
        });

        // Made by the container, so that it also disposes them.
        builder.Services.AddSingleton(_ => new ConnectionTable(ConnectionPlaces.Find(settings.MaxConnections), time));
        builder.Services.AddSingleton(_ => new HalfCloseWatch(time));
        builder.Services.AddSingleton(services => new ConnectionGate(
            services.GetRequiredService<ConnectionTable>(), services.GetRequiredService<HalfCloseWatch>(), time));
        builder.Services.AddSingleton<IConnectionListenerFactory, PatientListenerFactory>();
        builder.Services.Configure<KestrelServerOptions>(kestrel =>
        {
            ConnectionGate gate = kestrel.ApplicationServices.GetRequiredService<ConnectionGate>();
            kestrel.AddServerHeader = false;
            SetLimits(kestrel.Limits);

            // The protocols stay Kestrel's default: HTTP/1.1, and HTTP/2 where PriorKnowledge says so. Such a client calls the scheme http.
            kestrel.AllowAlternateSchemes = true;
            kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Use(next => connection => gate.RunAsync(connection, next)));
            if (socket is not null)
                kestrel.ListenUnixSocket(socket.Path);
            if (settings.Listen.Tcp is { } tcp)
                kestrel.Listen(tcp);
        });
    }

    // Connections have the options of the socket that accepted them.
    private static Socket ListenOnTcp(EndPoint endPoint)
    {
        Socket listener = SocketTransportOptions.CreateDefaultBoundListenSocket(endPoint);
        listener.SetRawSocketOption((int)SocketOptionLevel.Tcp, TcpUnsentLimit, BitConverter.GetBytes(MaxUnsentBytes));
        return listener;
    }

    private static void SetLimits(KestrelServerLimits limits)
    {
        // ConnectionTable counts itself: Kestrel would refuse whoever comes last, and so health checks and scrapes, too.
        limits.MaxConcurrentConnections = null;
        limits.KeepAliveTimeout = KeepAlive;
        limits.RequestHeadersTimeout = HeaderTimeout;
        limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;
        limits.MaxRequestBufferSize = MaxReadAheadBytes;

        // RequestBody counts itself: where Kestrel refuses, it cuts the connection before the client has read why.
        limits.MaxRequestBodySize = null;

        limits.Http2.MaxStreamsPerConnection = MaxStreams;
        limits.Http2.InitialConnectionWindowSize = ConnectionWindowBytes;
        limits.Http2.InitialStreamWindowSize = StreamWindowBytes;
        limits.Http2.KeepAlivePingDelay = PingDelay;
    }
}
