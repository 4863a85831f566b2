using System.Globalization;
using System.Net;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// Makes the ways to reach runners. Each has a connection pool of its own. Nobody disposes of one: its connections end with the runner or
/// after the idle time, and a reader who still holds it gets an ordinary failure.
/// </summary>
internal static class RunnerEndpointFactory
{
    // llama-server closes connections that were idle for 5 s; a request on one of those would fail.
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    /// <summary>A runner that listens on a Unix socket.</summary>
    /// <param name="runner">The start, which makes the authority unique.</param>
    /// <param name="socketPath">Absolute path of the socket.</param>
    public static RunnerEndpoint ForSocket(RunnerId runner, string socketPath)
    {
        SocketsHttpHandler handler = CreateHandler();
        handler.ConnectCallback = (_, cancellationToken) => UnixSocketStream.ConnectAsync(socketPath, cancellationToken);
        var address = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://runner-{runner.Value}/"));
        return new RunnerEndpoint(address, new HttpMessageInvoker(handler), $"unix:{socketPath}");
    }

    /// <summary>A runner that listens on TCP.</summary>
    /// <param name="address">Scheme, host and port, and a path where it has one.</param>
    public static RunnerEndpoint ForAddress(Uri address)
    {
        string text = address.AbsoluteUri;
        var withSlash = new Uri(text.EndsWith('/') ? text : text + "/");
        return new RunnerEndpoint(withSlash, new HttpMessageInvoker(CreateHandler()), text.TrimEnd('/'));
    }

    private static SocketsHttpHandler CreateHandler() => new()
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
}
