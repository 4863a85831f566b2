using System.Globalization;
using System.Net;
using ModelRunner.Configuration;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// Creates endpoints. Each has its own connection pools. Endpoints are not disposed of: their connections end with the runner or after the idle
/// time, and a caller that still holds one gets an ordinary failure.
/// </summary>
internal static class RunnerEndpointFactory
{
    // llama-server closes connections after 5 s without a request, and a request on such a connection would fail. The pool checks once a
    // second, so a connection may be idle for one second longer than this.
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Creates the endpoint of a runner that the daemon starts.</summary>
    /// <param name="runner">The start. It makes the authority unique.</param>
    /// <param name="socketPath">The absolute path of the socket on which it will listen.</param>
    /// <param name="maxConnections">The most requests that are sent at once. Further ones wait.</param>
    public static RunnerEndpoint ForManaged(RunnerId runner, string socketPath, int maxConnections)
    {
        SocketsHttpHandler requests = CreateHandlerWithoutReuse(socketPath);
        requests.MaxConnectionsPerServer = maxConnections;
        return new RunnerEndpoint(AuthorityOf(runner), new HttpMessageInvoker(requests), $"unix:{socketPath}")
        {
            Probes = new HttpMessageInvoker(CreateHandler(socketPath)),
        };
    }

    /// <summary>Creates the endpoint of a runner that a command of the configuration starts.</summary>
    /// <param name="runner">The identity of the start, which makes the authority unique.</param>
    /// <param name="socketPath">Absolute path of the socket that it listens on if it has no port.</param>
    /// <param name="port">The port on 127.0.0.1 that it listens on; null: it listens on the socket.</param>
    /// <param name="readyPath">The path of its readiness and health check.</param>
    /// <param name="metricsPath">The path of its metrics page; null: it has none.</param>
    public static RunnerEndpoint ForCommand(RunnerId runner, string socketPath, int? port, string readyPath, string? metricsPath)
    {
        Uri address = port is null ? AuthorityOf(runner) : new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/"));
        string? socket = port is null ? socketPath : null;
        string display = socket is null ? address.AbsoluteUri.TrimEnd('/') : $"unix:{socket}";

        return new RunnerEndpoint(address, new HttpMessageInvoker(CreateHandlerWithoutReuse(socket)), display)
        {
            Probes = new HttpMessageInvoker(CreateHandler(socket)),
            HealthAddress = new Uri(address, readyPath),
            MetricsAddress = metricsPath is null ? null : new Uri(address, metricsPath),
        };
    }

    /// <summary>Creates the endpoint of a runner on a Unix socket, without further settings.</summary>
    public static RunnerEndpoint ForSocket(RunnerId runner, string socketPath) =>
        new(AuthorityOf(runner), new HttpMessageInvoker(CreateHandler(socketPath)), $"unix:{socketPath}");

    /// <summary>Creates the endpoint of a runner on TCP, without further settings.</summary>
    /// <param name="address">Scheme, host and port, and optionally a path.</param>
    public static RunnerEndpoint ForAddress(Uri address) =>
        new(WithSlash(address), new HttpMessageInvoker(CreateHandler(socketPath: null)), address.AbsoluteUri.TrimEnd('/'));

    /// <summary>Creates the endpoint of an attached runner.</summary>
    public static RunnerEndpoint ForAttached(RunnerId runner, AttachedRunnerSettings settings)
    {
        Uri address = settings.Address is { } http ? WithSlash(http) : AuthorityOf(runner);
        return new RunnerEndpoint(address, ClientFor(settings, keepsConnections: address.Scheme == Uri.UriSchemeHttps), DisplayOf(settings))
        {
            Probes = ClientFor(settings, keepsConnections: true),
            MetricsAddress = new Uri(address, settings.MetricsPath),
            MetricsRemedy = "correct its metricsPath, or turn its metrics on (llama-server: --metrics)",
            ModelName = settings.ModelName,
            RequestsUsage = settings.RequestsUsage,
        };
    }

    // With TLS a new connection needs a handshake, so it is kept.
    private static HttpMessageInvoker ClientFor(AttachedRunnerSettings settings, bool keepsConnections)
    {
        SocketsHttpHandler handler = keepsConnections ? CreateHandler(settings.SocketPath) : CreateHandlerWithoutReuse(settings.SocketPath);
        if (RunnerCertificates.OptionsFor(settings.Tls) is { } tls)
            handler.SslOptions = tls;
        return new HttpMessageInvoker(settings.Headers.Count == 0 ? handler : new RunnerHeaders(settings.Headers, handler));
    }

    private static string DisplayOf(AttachedRunnerSettings settings) =>
        settings.Address is { } address ? address.AbsoluteUri.TrimEnd('/') : $"unix:{settings.SocketPath}";

    private static Uri AuthorityOf(RunnerId runner) => new(string.Create(CultureInfo.InvariantCulture, $"http://runner-{runner.Value}/"));

    private static Uri WithSlash(Uri address)
    {
        string text = address.AbsoluteUri;
        return new Uri(text.EndsWith('/') ? text : text + "/");
    }

    /// <summary>
    /// Creates a handler that opens a connection for each request. llama-server closes a connection after each streamed response, although its
    /// headers promise to keep it. A request that is sent at that moment fails, and the failure does not show whether it was read. An idle
    /// connection also occupies one of the server's threads. A new connection on the same machine takes less than a tenth of a millisecond.
    /// </summary>
    private static SocketsHttpHandler CreateHandlerWithoutReuse(string? socketPath)
    {
        SocketsHttpHandler handler = CreateHandler(socketPath);
        handler.PooledConnectionLifetime = TimeSpan.Zero;
        return handler;
    }

    private static SocketsHttpHandler CreateHandler(string? socketPath)
    {
        var handler = new SocketsHttpHandler
        {
            ActivityHeadersPropagator = null,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = ConnectTimeout,
            PooledConnectionIdleTimeout = IdleTimeout,

            // Otherwise a connection whose client disconnected would be read for 2 s more, and the runner would work as long.
            ResponseDrainTimeout = TimeSpan.Zero,
            UseCookies = false,
            UseProxy = false,
        };
        if (socketPath is not null)
            handler.ConnectCallback = (_, cancellationToken) => UnixSocketStream.ConnectAsync(socketPath, TimeProvider.System, cancellationToken);
        return handler;
    }
}
