using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace ModelRunner.Daemon.Hosting.Connections;

/// <summary>
/// Tells clients of HTTP/1.1 how long an idle connection stays open. A client that sends its next request at the moment at which the connection is closed gets
/// no response, and cannot know whether the request was read. One that knows the time (.NET, undici, Node.js) uses a new connection instead.
/// </summary>
internal sealed class KeepAliveHint(RequestDelegate next)
{
    // The connection stays open for at least a second more, so that a request that a client sends at the last moment arrives in time.
    private static readonly StringValues Value = string.Create(CultureInfo.InvariantCulture, $"timeout={KestrelSetup.KeepAlive.TotalSeconds:0}");

    public Task InvokeAsync(HttpContext context)
    {
        if (HttpProtocol.IsHttp11(context.Request.Protocol) && !context.Request.Headers.Connection.Contains("close", StringComparer.OrdinalIgnoreCase))
            context.Response.OnStarting(static state => WriteAsync((HttpResponse)state), context.Response);
        return next(context);
    }

    // It runs after all other such actions, because it was added first.
    private static Task WriteAsync(HttpResponse response)
    {
        if (!response.Headers.Connection.Contains("close", StringComparer.OrdinalIgnoreCase))
            response.Headers.KeepAlive = Value;
        return Task.CompletedTask;
    }
}
