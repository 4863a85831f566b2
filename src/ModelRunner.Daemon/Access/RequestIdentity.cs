using System.Buffers;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Access;

/// <summary>
/// Gives every request an id, which its response and the log contain. Runs before all other middleware, so that errors and the metrics page
/// have an id too. An id that the client sent is kept, so that the client finds its own request in the log.
/// </summary>
internal sealed partial class RequestIdentity(RequestDelegate next, TimeProvider time, ILogger<RequestIdentity> logger)
{
    /// <summary>The header's name, in request and response.</summary>
    public const string HeaderName = "x-request-id";

    private const int MaxId = 128;

    private const int MaxPath = 200;

    private static readonly SearchValues<char> IdCharacters =
        SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.:/+=~@");

    public async Task InvokeAsync(HttpContext context)
    {
        string id = Choose(context.Request.Headers[HeaderName].ToString());
        context.TraceIdentifier = id;
        context.Response.OnStarting(
            static state =>
            {
                var started = (HttpContext)state;
                started.Response.Headers[HeaderName] = started.TraceIdentifier;
                return Task.CompletedTask;
            },
            context);

        if (!logger.IsEnabled(LogLevel.Debug))
        {
            await next(context);
            return;
        }

        long begun = time.GetTimestamp();
        string path = PlainText.EscapeAndCut(context.Request.Path.Value ?? "", MaxPath);
        string method = PlainText.EscapeAndCut(context.Request.Method, MaxPath);
        await next(context);
        LogCompleted(id, method, path, context.Response.StatusCode, time.GetElapsedTime(begun).TotalMilliseconds);
    }

    /// <summary>The client's id if it is short and contains nothing that could confuse a log; otherwise a new one of 32 hexadecimal digits.</summary>
    internal static string Choose(string sent) =>
        sent.Length is > 0 and <= MaxId && !sent.AsSpan().ContainsAnyExcept(IdCharacters) ? sent : Guid.NewGuid().ToString("N");

    [LoggerMessage(LogLevel.Debug, "Request {Id}: {Method} {Path} ended with status {Status} after {Milliseconds:0.0} ms.")]
    private partial void LogCompleted(string id, string method, string path, int status, double milliseconds);
}
