namespace ModelRunner.Daemon.Api;

/// <summary>A response that is a stream of progress, in Docker Model Runner's shape.</summary>
internal static class ProgressResponse
{
    /// <summary>The time between two looks at the progress.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>A client that waits for others sees after this time that it is served.</summary>
    public static readonly TimeSpan SilentWait = TimeSpan.FromSeconds(2);

    /// <summary>Whether the client asked for JSON. Other clients get it escaped for HTML.</summary>
    public static bool IsJson(HttpRequest request) => request.Headers.Accept.ToString() == "application/json";

    /// <summary>Sets the headers.</summary>
    public static void Begin(HttpResponse response, bool isJson)
    {
        response.ContentType = isJson ? "application/json" : "text/plain; charset=utf-8";
        response.Headers.CacheControl = "no-cache";
        response.Headers["X-Accel-Buffering"] = "no";
        response.Headers.XContentTypeOptions = "nosniff";
    }

    /// <summary>Sends lines at once.</summary>
    /// <param name="response">The response.</param>
    /// <param name="lines">The lines; empty: nothing is sent.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task WriteAsync(HttpResponse response, byte[] lines, CancellationToken cancellationToken)
    {
        if (lines.Length == 0)
            return;
        await response.Body.WriteAsync(lines, cancellationToken);
        await response.Body.FlushAsync(cancellationToken);
    }

    /// <summary>
    /// Waits for the next look at some work, or for its end. Only the client ends the wait: the end of the daemon ends the work, whose outcome is sent.
    /// </summary>
    /// <param name="timer">The time between two looks.</param>
    /// <param name="work">The work.</param>
    /// <param name="left">The client has left.</param>
    public static async Task TickAsync(PeriodicTimer timer, Task work, CancellationToken left)
    {
        await Task.WhenAny(work, timer.WaitForNextTickAsync(CancellationToken.None).AsTask());
        left.ThrowIfCancellationRequested();
    }
}
