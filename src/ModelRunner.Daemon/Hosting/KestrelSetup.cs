using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Hosting.Connections;
using ModelRunner.Daemon.Hosting.Tls;

namespace ModelRunner.Daemon.Hosting;

/// <summary>Configures Kestrel: where it listens and how much memory and time a client may take.</summary>
internal static class KestrelSetup
{
    /// <summary>How long a connection may stay open without a request. Kestrel adds a second and looks once a second: it closes it after 14 to 15 s.</summary>
    public static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(13);

    private const int MaxHeaderBytes = 32 * 1024;

    /// <summary>
    /// How many bytes of a body Kestrel reads before the daemon reads it. With the default of 1 MiB, bodies that wait for the body budget
    /// would hold memory outside of it.
    /// </summary>
    private const int MaxReadAheadBytes = 64 * 1024;

    /// <summary>
    /// The most bytes that the kernel buffers for a TCP client beyond its receive window. By default it buffers up to 4 MiB, so hundreds of
    /// clients that read nothing would hold a gigabyte of kernel memory, and copying it would delay other clients.
    /// </summary>
    private const int MaxUnsentBytes = 1024 * 1024;

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
    /// <param name="socket">The Unix socket, already listening; null: none.</param>
    /// <param name="time">The clock.</param>
    /// <remarks>The service <see cref="ServerTls"/>, if there is one, fails with a <see cref="ListenException"/> if its files cannot be used.</remarks>
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

        // Created by the container, so that the container disposes it.
        builder.Services.AddSingleton(_ => new ConnectionTable(ConnectionCapacity.Find(settings.MaxConnections), time));
        builder.Services.AddSingleton(_ => new HalfCloseWatch(time));
        builder.Services.AddSingleton(services => new ConnectionMiddleware(
            services.GetRequiredService<ConnectionTable>(), services.GetRequiredService<HalfCloseWatch>(), time));
        builder.Services.AddSingleton<IConnectionListenerFactory, RetryingListenerFactory>();
        if (settings.Listen is { Tls: { } tls, Tcp: { } address })
        {
            builder.Services.AddSingleton(services => CreateTls(
                tls, () => ServerNames.Find(address.Address, settings.AllowedHosts), time, services.GetRequiredService<ILoggerFactory>()));
        }

        builder.Services.Configure<KestrelServerOptions>(kestrel =>
        {
            ConnectionMiddleware middleware = kestrel.ApplicationServices.GetRequiredService<ConnectionMiddleware>();
            kestrel.AddServerHeader = false;
            SetLimits(kestrel.Limits);

            // The protocols stay at Kestrel's default: HTTP/1.1, and HTTP/2 if PriorKnowledge recognised it. Such a client calls the scheme
            // http.
            kestrel.AllowAlternateSchemes = true;
            if (socket is not null)
                kestrel.ListenUnixSocket(socket.Path, endpoint => Serve(endpoint, tls: null));
            if (settings.Listen.Tcp is { } tcp)
                kestrel.Listen(tcp, endpoint => Serve(endpoint, kestrel.ApplicationServices.GetService<ServerTls>()));

            void Serve(ListenOptions endpoint, ServerTls? tls)
            {
                endpoint.Use(next => connection => middleware.RunAsync(connection, next, isTls: tls is not null));
                if (tls is not null)
                    endpoint.UseHttps(tls.Handshake);
            }
        });
    }

    private static ServerTls CreateTls(TlsSettings settings, Func<ServerNames> names, TimeProvider time, ILoggerFactory logs)
    {
        try
        {
            return new ServerTls(settings, names, time, logs);
        }
        catch (CertificateException failure)
        {
            throw new ListenException($"cannot serve TLS: {failure.Message}", failure);
        }
    }

    // Connections inherit the options of the listening socket.
    private static Socket ListenOnTcp(EndPoint endPoint)
    {
        Socket listener = SocketTransportOptions.CreateDefaultBoundListenSocket(endPoint);
        listener.SetRawSocketOption((int)SocketOptionLevel.Tcp, TcpUnsentLimit, BitConverter.GetBytes(MaxUnsentBytes));
        return listener;
    }

    private static void SetLimits(KestrelServerLimits limits)
    {
        // ConnectionTable counts connections: Kestrel's own limit would refuse the newest ones, also health checks and scrapes.
        limits.MaxConcurrentConnections = null;
        limits.KeepAliveTimeout = KeepAlive;
        limits.RequestHeadersTimeout = HeaderTimeout;
        limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;
        limits.MaxRequestBufferSize = MaxReadAheadBytes;

        // RequestBodies checks the size: Kestrel's own limit closes the connection before the client has read the error.
        limits.MaxRequestBodySize = null;

        limits.Http2.MaxStreamsPerConnection = MaxStreams;
        limits.Http2.InitialConnectionWindowSize = ConnectionWindowBytes;
        limits.Http2.InitialStreamWindowSize = StreamWindowBytes;
        limits.Http2.KeepAlivePingDelay = PingDelay;
    }
}
