using System.Globalization;
using System.Net;
using ModelRunner.Configuration;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// Makes the ways to reach runners. Each has connection pools of its own. Nobody disposes of one: its connections end with the runner or
/// after the idle time, and a reader who still holds it gets an ordinary failure.
/// </summary>
internal static class RunnerEndpointFactory
{
    // llama-server closes connections that were idle for 5 s; a request on one of those would fail. The pool looks once a second, so a
    // connection may be up to one second older than this.
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    /// <summary>A runner that the daemon starts.</summary>
    /// <param name="runner">The start, which makes the authority unique.</param>
    /// <param name="socketPath">Absolute path of the socket that it will listen on.</param>
    /// <param name="maxConnections">How many requests are sent at once; more wait.</param>
    public static RunnerEndpoint ForManaged(RunnerId runner, string socketPath, int maxConnections)
    {
        SocketsHttpHandler requests = CreateHandler(socketPath);
        requests.MaxConnectionsPerServer = maxConnections;
        return new RunnerEndpoint(AuthorityOf(runner), new HttpMessageInvoker(requests), $"unix:{socketPath}")
        {
            Probes = new HttpMessageInvoker(CreateHandler(socketPath)),
        };
    }

    /// <summary>A runner that listens on a Unix socket and of which nothing else is known.</summary>
    public static RunnerEndpoint ForSocket(RunnerId runner, string socketPath) =>
        new(AuthorityOf(runner), new HttpMessageInvoker(CreateHandler(socketPath)), $"unix:{socketPath}");

    /// <summary>A runner that listens on TCP and of which nothing else is known.</summary>
    /// <param name="address">Scheme, host and port, and a path where it has one.</param>
    public static RunnerEndpoint ForAddress(Uri address) =>
        new(WithSlash(address), new HttpMessageInvoker(CreateHandler(socketPath: null)), address.AbsoluteUri.TrimEnd('/'));

    /// <summary>A server that already runs.</summary>
    public static RunnerEndpoint ForAttached(RunnerId runner, AttachedRunnerSettings settings)
    {
        Uri address = settings.Address is { } http ? WithSlash(http) : AuthorityOf(runner);
        return new RunnerEndpoint(address, ClientFor(settings, keepsConnections: address.Scheme == Uri.UriSchemeHttps), DisplayOf(settings))
        {
            Probes = ClientFor(settings, keepsConnections: true),
            MetricsAddress = new Uri(address, settings.MetricsPath),
            ModelName = settings.ModelName,
        };
    }

    // An idle connection holds one of a llama-server's few threads, and how many it has is not known here. A new connection to the same
    // machine costs less than a tenth of a millisecond. Over TLS it costs a handshake.
    private static HttpMessageInvoker ClientFor(AttachedRunnerSettings settings, bool keepsConnections)
    {
        SocketsHttpHandler handler = CreateHandler(settings.SocketPath);
        if (!keepsConnections)
            handler.PooledConnectionLifetime = TimeSpan.Zero;
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

    private static SocketsHttpHandler CreateHandler(string? socketPath)
    {
        var handler = new SocketsHttpHandler
        {
            ActivityHeadersPropagator = null,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = ConnectTimeout,
            PooledConnectionIdleTimeout = IdleTimeout,

            // Else a connection whose client left is read on for 2 s, and the runner works on as long.
            ResponseDrainTimeout = TimeSpan.Zero,
            UseCookies = false,
            UseProxy = false,
        };
        if (socketPath is not null)
            handler.ConnectCallback = (_, cancellationToken) => UnixSocketStream.ConnectAsync(socketPath, cancellationToken);
        return handler;
    }
}
