using System.IO.Compression;
using ModelRunner.Daemon.Scraping;
using ModelRunner.Exposition;
using Microsoft.Net.Http.Headers;

namespace ModelRunner.Daemon.Metrics;

/// <summary><c>GET /metrics</c>: one page of all runners.</summary>
internal sealed class MetricsEndpoint(PageAssembler pages, TimeSpan fallbackTimeout)
{
    /// <summary>Pages that may be under way or being sent at once. A page is held in memory until its reader has it.</summary>
    private const int MostPages = 64;

    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];
    private int _pages;

    public void Map(IEndpointRouteBuilder routes) => routes.MapMethods("/metrics", Methods, AnswerAsync);

    private async Task AnswerAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        NegotiatedExposition negotiated = ContentNegotiation.Negotiate(Join(request.Headers.Accept));
        HttpResponse response = context.Response;
        response.ContentType = negotiated.ContentType;
        response.Headers.CacheControl = "no-store";
        response.Headers.Append(HeaderNames.Vary, "Accept, Accept-Encoding");

        // The headers of a page do not depend on what runners say, so they are not asked.
        if (HttpMethods.IsHead(request.Method))
            return;

        try
        {
            if (Interlocked.Increment(ref _pages) > MostPages)
            {
                RefuseAsBusy(response);
                return;
            }

            TimeSpan deadline = ScrapeDeadline.ForReading(request.Headers[ScrapeDeadline.HeaderName], fallbackTimeout);
            using SegmentedBuffer page = await pages.AssembleAsync(negotiated, deadline, context.RequestAborted);
            await SendAsync(context, page);
        }
        finally
        {
            Interlocked.Decrement(ref _pages);
        }
    }

    private static async Task SendAsync(HttpContext context, SegmentedBuffer page)
    {
        if (!ContentNegotiation.AcceptsGzip(Join(context.Request.Headers.AcceptEncoding)))
        {
            await SendPlainAsync(context, page);
            return;
        }

        using var compressed = new SegmentedBuffer();
        await using (var gzip = new GZipStream(new BufferStream(compressed), CompressionLevel.Fastest))
            page.CopyTo(gzip);
        context.Response.Headers[HeaderNames.ContentEncoding] = "gzip";
        await SendPlainAsync(context, compressed);
    }

    private static Task SendPlainAsync(HttpContext context, SegmentedBuffer body)
    {
        context.Response.ContentLength = body.Length;
        return body.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    private static void RefuseAsBusy(HttpResponse response)
    {
        response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        response.Headers.RetryAfter = "1";
        response.ContentLength = 0;
    }

    private static string? Join(Microsoft.Extensions.Primitives.StringValues values) => values.Count == 0 ? null : string.Join(',', values.ToArray());
}
