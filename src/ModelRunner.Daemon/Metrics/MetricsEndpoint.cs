using System.IO.Compression;
using ModelRunner.Daemon.Scraping;
using ModelRunner.Exposition;
using Microsoft.Net.Http.Headers;

namespace ModelRunner.Daemon.Metrics;

/// <summary><c>GET /metrics</c>: one page of all runners.</summary>
/// <param name="pages">Makes the pages.</param>
/// <param name="fallbackTimeout">When to answer a scraper that does not say how long it waits.</param>
/// <param name="time">The clock.</param>
internal sealed class MetricsEndpoint(PageAssembler pages, TimeSpan fallbackTimeout, TimeProvider time)
{
    /// <summary>
    /// Bytes of finished pages that slow readers may hold together before new scrapes are refused. A reader holds nothing else: no runner,
    /// no lock, no other's page.
    /// </summary>
    private const long MostHeldBytes = 256L * 1024 * 1024;

    /// <summary>A page that came late is still sent, in case that somebody waits for it.</summary>
    private static readonly TimeSpan LeastForSending = TimeSpan.FromSeconds(1);

    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];
    private long _heldBytes;

    public void Map(IEndpointRouteBuilder routes) => routes.MapMethods("/metrics", Methods, AnswerAsync);

    private async Task AnswerAsync(HttpContext context)
    {
        long arrivedAt = time.GetTimestamp();
        HttpRequest request = context.Request;
        NegotiatedExposition negotiated = ContentNegotiation.Negotiate(Join(request.Headers.Accept));
        HttpResponse response = context.Response;
        response.ContentType = negotiated.ContentType;
        response.Headers.CacheControl = "no-store";
        response.Headers.Append(HeaderNames.Vary, "Accept, Accept-Encoding");

        // The headers of a page do not depend on what runners say, so they are not asked.
        if (HttpMethods.IsHead(request.Method))
            return;

        ScrapeDeadline deadline = ScrapeDeadline.Of(request.Headers[ScrapeDeadline.HeaderName], fallbackTimeout);
        using SegmentedBuffer? page = Interlocked.Read(ref _heldBytes) > MostHeldBytes
            ? null
            : await MakeAsync(context, negotiated, deadline, arrivedAt);
        if (page is null)
            await RefuseAsBusyAsync(context);
        else
            await SendAsync(context, page, deadline.End - time.GetElapsedTime(arrivedAt));
    }

    /// <summary>Makes the page as it is to be sent; null where there was no time for it.</summary>
    private async Task<SegmentedBuffer?> MakeAsync(
        HttpContext context, NegotiatedExposition negotiated, ScrapeDeadline deadline, long arrivedAt)
    {
        SegmentedBuffer? page = await pages.AssembleAsync(negotiated, deadline, arrivedAt, context.RequestAborted);
        if (page is null || !ContentNegotiation.AcceptsGzip(Join(context.Request.Headers.AcceptEncoding)))
            return page;

        using (page)
        {
            var packed = new SegmentedBuffer();
            await using (var gzip = new GZipStream(new BufferStream(packed), CompressionLevel.Fastest))
                page.CopyTo(gzip);
            context.Response.Headers[HeaderNames.ContentEncoding] = "gzip";
            return packed;
        }
    }

    // Who reads slower than the scraper waits is not waited for.
    private async Task SendAsync(HttpContext context, SegmentedBuffer page, TimeSpan left)
    {
        Interlocked.Add(ref _heldBytes, page.Length);
        try
        {
            context.Response.ContentLength = page.Length;
            using var end = new CancellationTokenSource(left > LeastForSending ? left : LeastForSending, time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(end.Token, context.RequestAborted);
            await page.CopyToAsync(context.Response.Body, both.Token);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            context.Abort();
        }
        finally
        {
            Interlocked.Add(ref _heldBytes, -page.Length);
        }
    }

    private static Task RefuseAsBusyAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.RetryAfter = "1";
        return context.Response.WriteAsync("too many pages are being made or read at once; ask again in a second\n", context.RequestAborted);
    }

    private static string? Join(Microsoft.Extensions.Primitives.StringValues values) => values.Count == 0 ? null : string.Join(',', values.ToArray());
}
