using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace ModelRunner.Store.Http;

/// <summary>
/// The connections to other machines. There are two pools. The one for addresses that a server on the internet named connects to no internal address,
/// whatever a name resolves to. It shares no connection with the other pool, because a connection that stands is not checked again.
/// </summary>
internal sealed class ConnectionPools : IDisposable
{
    // After so many hosts it is found out again. Until then a host counts as one on the internet.
    private const int MaxKnown = 1024;

    private readonly ConcurrentDictionary<(string Host, int Port), bool> _isInternal = new();
    private readonly OutgoingSettings _settings;
    private readonly ServerTrust _trust;
    private readonly DualStackConnector _connector;
    private readonly DualStackConnector _guardedConnector;
    private readonly HttpMessageInvoker _any;
    private readonly HttpMessageInvoker _guarded;

    /// <param name="settings">Limits, proxies and authorities.</param>
    /// <param name="resolve">Returns the addresses of a host, the preferred one first.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="RemoteException">The file of authorities cannot be used.</exception>
    public ConnectionPools(OutgoingSettings settings, Func<string, CancellationToken, Task<IPAddress[]>> resolve, TimeProvider time)
    {
        _settings = settings;
        _trust = new ServerTrust(settings.AuthorityFile);
        _connector = new DualStackConnector(resolve, time);
        _guardedConnector = new DualStackConnector(
            async (host, cancellation) => WithoutInternal(host, await resolve(host, cancellation)), time);
        (_any, _guarded) = (Make(_connector), Make(_guardedConnector));
    }

    /// <summary>The sender of requests.</summary>
    /// <param name="isGuarded">Whether it must not connect to internal addresses. A proxy may be at one.</param>
    public HttpMessageInvoker For(bool isGuarded) => isGuarded ? _guarded : _any;

    /// <summary>
    /// Whether all connections to a server went to internal addresses. It is false for a server behind a proxy, and once a connection went to the
    /// internet: another answer of the name server later must not make it an internal one.
    /// </summary>
    public bool IsInternal(Uri server) => _isInternal.GetValueOrDefault((server.IdnHost, server.Port));

    public void Dispose()
    {
        _any.Dispose();
        _guarded.Dispose();
        _trust.Dispose();
    }

    private HttpMessageInvoker Make(DualStackConnector connector) => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = _settings.ConnectTimeout,
        ConnectCallback = async (context, cancellation) => new NetworkStream(await ConnectAsync(connector, context, cancellation), ownsSocket: true),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        Proxy = _settings.Proxies,
        UseProxy = true,
        UseCookies = false,
        SslOptions = _trust.Options,
    });

    private async Task<Socket> ConnectAsync(DualStackConnector connector, SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        HttpRequestMessage request = context.InitialRequestMessage;
        DnsEndPoint target = context.DnsEndPoint;
        if (request.Method == HttpMethod.Connect || _settings.Proxies.GetProxy(request.RequestUri!) is not null)
            return await _connector.ConnectAsync(target.Host, target.Port, cancellation);

        Socket socket = await connector.ConnectAsync(target.Host, target.Port, cancellation);
        if (_isInternal.Count >= MaxKnown)
            _isInternal.Clear();
        bool isInternal = InternalNetworks.Has(((IPEndPoint)socket.RemoteEndPoint!).Address);
        _isInternal.AddOrUpdate((target.Host, target.Port), isInternal, (_, known) => known && isInternal);
        return socket;
    }

    private static IPAddress[] WithoutInternal(string host, IPAddress[] addresses)
    {
        IPAddress[] others = [.. addresses.Where(static address => !InternalNetworks.Has(address))];
        return others.Length == 0 && addresses.Length > 0 ? throw new InternalAddressException(host) : others;
    }
}
