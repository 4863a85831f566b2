using Microsoft.Net.Http.Headers;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Metrics;
using ModelRunner.Daemon.Responses;
using ModelRunner.Daemon.Scraping;
using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Api;

/// <summary><c>GET /metrics</c>: one page of all runners. Leads each scrape through its three steps: read the runners, write the page, send it.</summary>
/// <param name="scraper">Reads the runners.</param>
/// <param name="pages">Writes the pages.</param>
/// <param name="fallbackTimeout">Returns the deadline for a client that sends no timeout.</param>
/// <param name="time">The clock.</param>
internal sealed class MetricsEndpoint(SnapshotScraper scraper, PageAssembler pages, Func<TimeSpan> fallbackTimeout, TimeProvider time)
{
    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];
    private readonly PageSender _sender = new(time);
    private readonly PageCounts _counts = pages.Counts;

    public void Map(IEndpointRouteBuilder routes) => routes.MapMethods("/metrics", Methods, HandleAsync).Requires(KeyScopes.Metrics);

    private async Task HandleAsync(HttpContext context)
    {
        long arrivedAt = time.GetTimestamp();
        HttpRequest request = context.Request;
        NegotiatedExposition negotiated = ContentNegotiation.Negotiate(Join(request.Headers.Accept));
        HttpResponse response = context.Response;
        response.ContentType = negotiated.ContentType;
        response.Headers.CacheControl = "no-store";
        response.Headers.Append(HeaderNames.Vary, "Accept, Accept-Encoding");

        // The headers do not depend on the runners, so no runner is scraped.
        if (HttpMethods.IsHead(request.Method))
            return;

        ScrapeDeadlines deadlines = ScrapeDeadlines.Of(request.Headers[ScrapeDeadlines.HeaderName], fallbackTimeout());
        bool useGzip = ContentNegotiation.AcceptsGzip(Join(request.Headers.AcceptEncoding));
        ScrapeResult scrape = await scraper.ScrapeAsync(deadlines, arrivedAt, useGzip, context.RequestAborted);
        var form = new PageForm(negotiated, useGzip, PageForm.MayPart(request));
        using PageReader? reader = await pages.AssembleAsync(form, scrape, deadlines.RespondBy(arrivedAt, time), context.RequestAborted);
        if (reader is null)
        {
            await ApiErrors.RefuseScrapeAsync(context);
            return;
        }

        _counts.Add(negotiated.Format, time.GetElapsedTime(arrivedAt));
        if (useGzip)
            response.Headers.ContentEncoding = "gzip";
        await _sender.SendAsync(context, reader, deadlines.LastByte - time.GetElapsedTime(arrivedAt), deadlines.IdleTimeout);
    }

    private static string? Join(Microsoft.Extensions.Primitives.StringValues values) => values.Count == 0 ? null : string.Join(',', values.ToArray());
}
