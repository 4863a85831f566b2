using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;

namespace ModelRunner.Daemon.Metrics;

/// <summary>
/// Sends pages: a small one at once with its length, a large one part by part with chunked encoding. If a page cannot be sent completely,
/// because its client's timeout expired or the client accepted nothing for too long, the connection is aborted, so that the client detects a
/// truncated page. Thread-safe.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class PageSender(TimeProvider time)
{
    /// <summary>The most bytes that are buffered for a client. The next bytes are taken from the page only after these are sent.</summary>
    private const int MaxBuffered = 256 * 1024;

    /// <summary>Sends a page completely, or aborts the connection.</summary>
    /// <param name="context">The request. The response body must not have begun.</param>
    /// <param name="reader">The page.</param>
    /// <param name="left">The rest of the client's timeout, from now.</param>
    /// <param name="idleTimeout">The idle timeout: the longest time in which the client may accept no bytes.</param>
    public async Task SendAsync(HttpContext context, PageReader reader, TimeSpan left, TimeSpan idleTimeout)
    {
        using var timeout = new SendTimeout(SocketOf(context), left, idleTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, context.RequestAborted);

        async ValueTask FlushAsync(PipeWriter output, int bytes)
        {
            timeout.Restart();
            await reader.WaitAsync(output.FlushAsync(both.Token), bytes, timeout);

            // Kestrel completes a cancelled flush as if everything had been accepted.
            both.Token.ThrowIfCancellationRequested();
        }

        try
        {
            if (reader.Page.Length is { } length)
                context.Response.ContentLength = length;

            // Before the start, the response writer would return memory that it copies once more.
            await context.Response.StartAsync(both.Token);
            await SendAsync(context.Response.BodyWriter, reader, FlushAsync, both.Token);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            context.Abort();
        }
    }

    // Null where the socket says nothing about this response: in HTTP/2, where other streams use it too, and where there is no socket.
    private static Socket? SocketOf(HttpContext context) =>
        HttpProtocol.IsHttp2(context.Request.Protocol) ? null : context.Features.Get<IConnectionSocketFeature>()?.Socket;

    private static async Task SendAsync(
        PipeWriter output, PageReader reader, Func<PipeWriter, int, ValueTask> flush, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await reader.TryWriteNextAsync(output, cancellationToken))
            {
                await flush(output, MaxBuffered);
                continue;
            }

            if (await reader.NextAsync(cancellationToken) is not { } part)
                return;
            int buffered = 0;
            foreach (ReadOnlyMemory<byte> piece in part.Bytes.Pieces())
            {
                piece.Span.CopyTo(output.GetSpan(piece.Length));
                output.Advance(piece.Length);
                buffered += piece.Length;
                if (buffered < MaxBuffered)
                    continue;
                await flush(output, buffered);
                buffered = 0;
            }

            if (buffered > 0)
                await flush(output, buffered);
        }
    }
}
