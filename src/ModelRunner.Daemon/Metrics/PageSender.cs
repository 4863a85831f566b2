using System.IO.Compression;

namespace ModelRunner.Daemon.Metrics;

/// <summary>
/// Sends pages: a small one whole and with its length, a large one part by part in chunks. A page that cannot be sent to its end is cut so that
/// the scraper sees it.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class PageSender(TimeProvider time)
{
    /// <summary>
    /// Bytes that slow readers may hold together before new scrapes are refused. Pages that share bodies count them each. A reader holds
    /// no runner and no lock, and of the places for large pages one.
    /// </summary>
    private const long MostHeldBytes = 256L * 1024 * 1024;

    /// <summary>A page that came late is still sent, in case that somebody waits for it.</summary>
    private static readonly TimeSpan LeastForSending = TimeSpan.FromSeconds(1);

    private long _heldBytes;

    /// <summary>Whether so much waits for slow readers that no further page should be made.</summary>
    public bool IsBusy => Interlocked.Read(ref _heldBytes) > MostHeldBytes;

    /// <summary>Whether the scraper can tell a page that was cut from a whole one without knowing its length: HTTP/1.0 cannot.</summary>
    public static bool CanSendParts(HttpRequest request) => !HttpProtocol.IsHttp10(request.Protocol);

    /// <summary>Sends a page to its end, or aborts the connection.</summary>
    /// <param name="context">The request; nothing of the answer's body has been written.</param>
    /// <param name="page">The page.</param>
    /// <param name="isPacked">Whether as gzip.</param>
    /// <param name="left">How long the scraper waits from now. Who reads slower than that is not waited for.</param>
    public async Task SendAsync(HttpContext context, MetricsPage page, bool isPacked, TimeSpan left)
    {
        long held = page.HeldBytes;
        Interlocked.Add(ref _heldBytes, held);
        try
        {
            using var end = new CancellationTokenSource(left > LeastForSending ? left : LeastForSending, time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(end.Token, context.RequestAborted);
            if (isPacked)
                await SendPackedAsync(context.Response, page, both.Token);
            else
                await SendPlainAsync(context.Response, page, both.Token);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            context.Abort();
        }
        finally
        {
            Interlocked.Add(ref _heldBytes, -held);
        }
    }

    private static async Task SendPlainAsync(HttpResponse response, MetricsPage page, CancellationToken cancellationToken)
    {
        if (page.IsWhole)
            response.ContentLength = page.First.Length;
        await SendAsync(response, page.First, cancellationToken);
        while (!page.IsWhole)
        {
            await page.WriteNextAsync(response.BodyWriter, cancellationToken);
            await response.BodyWriter.FlushAsync(cancellationToken);
        }
    }

    private static async Task SendPackedAsync(HttpResponse response, MetricsPage page, CancellationToken cancellationToken)
    {
        response.Headers.ContentEncoding = "gzip";
        using var packed = new SegmentedBuffer();
        using var part = new SegmentedBuffer();
        await using (var gzip = new GZipStream(new BufferStream(packed), CompressionLevel.Fastest))
        {
            page.First.CopyTo(gzip);
            while (!page.IsWhole)
            {
                await SendAsync(response, packed, cancellationToken);
                packed.Clear();
                await page.WriteNextAsync(part, cancellationToken);
                part.CopyTo(gzip);
                part.Clear();
            }
        }

        if (!response.HasStarted)
            response.ContentLength = packed.Length;
        await SendAsync(response, packed, cancellationToken);
    }

    // Before its start the response would give memory that it copies once more.
    private static async Task SendAsync(HttpResponse response, SegmentedBuffer bytes, CancellationToken cancellationToken)
    {
        await response.StartAsync(cancellationToken);
        bytes.CopyTo(response.BodyWriter);
        await response.BodyWriter.FlushAsync(cancellationToken);
    }
}
