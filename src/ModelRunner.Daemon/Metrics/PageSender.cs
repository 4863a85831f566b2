using System.IO.Pipelines;

namespace ModelRunner.Daemon.Metrics;

/// <summary>
/// Sends pages: a small one whole and with its length, a large one part by part in chunks. A page that cannot be sent to its end is cut so that
/// the scraper sees it: where nobody waits for it any more, and where its reader has taken nothing for too long.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class PageSender(TimeProvider time)
{
    /// <summary>What lies ready for a reader at a time: no more is taken from the page before it has gone.</summary>
    private const int MaxReady = 256 * 1024;

    /// <summary>Whether the scraper can tell a page that was cut from a whole one without knowing its length: HTTP/1.0 cannot.</summary>
    public static bool CanSendParts(HttpRequest request) => !HttpProtocol.IsHttp10(request.Protocol);

    /// <summary>Sends a page to its end, or aborts the connection.</summary>
    /// <param name="context">The request; nothing of the answer's body has been written.</param>
    /// <param name="reader">The page.</param>
    /// <param name="left">How long the scraper waits from now. Who reads slower than that is not waited for.</param>
    /// <param name="patience">How long a reader may take nothing.</param>
    public async Task SendAsync(HttpContext context, PageReader reader, TimeSpan left, TimeSpan patience)
    {
        using var limit = new SendingLimit(SocketQueue.Of(context), left, patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, context.RequestAborted);

        async ValueTask FlushAsync(PipeWriter output, int bytes)
        {
            limit.Restart();
            await reader.WaitAsync(output.FlushAsync(both.Token), bytes, limit);

            // Kestrel ends such a wait as if all had been taken.
            both.Token.ThrowIfCancellationRequested();
        }

        try
        {
            if (reader.Page.Length is { } length)
                context.Response.ContentLength = length;

            // Before its start the response would give memory that it copies once more.
            await context.Response.StartAsync(both.Token);
            await SendAsync(context.Response.BodyWriter, reader, FlushAsync, both.Token);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            context.Abort();
        }
    }

    private static async Task SendAsync(
        PipeWriter output, PageReader reader, Func<PipeWriter, int, ValueTask> flush, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await reader.TryWriteNextAsync(output, cancellationToken))
            {
                await flush(output, MaxReady);
                continue;
            }

            if (await reader.NextAsync(cancellationToken) is not { } part)
                return;
            int ready = 0;
            foreach (ReadOnlyMemory<byte> piece in part.Bytes.Pieces())
            {
                piece.Span.CopyTo(output.GetSpan(piece.Length));
                output.Advance(piece.Length);
                ready += piece.Length;
                if (ready < MaxReady)
                    continue;
                await flush(output, ready);
                ready = 0;
            }

            if (ready > 0)
                await flush(output, ready);
        }
    }
}
