using Microsoft.Net.Http.Headers;
using ModelRunner.Daemon.Scraping;
using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Metrics;

/// <summary><c>GET /metrics</c>: one page of all runners.</summary>
/// <param name="pages">Makes the pages.</param>
/// <param name="fallbackTimeout">When to answer a scraper that does not say how long it waits.</param>
/// <param name="refuseAsBusy">Answers a scrape for whose page there is no room in time.</param>
/// <param name="time">The clock.</param>
internal sealed class MetricsEndpoint(PageAssembler pages, TimeSpan fallbackTimeout, RequestDelegate refuseAsBusy, TimeProvider time)
{
    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];
    private readonly PageSender _sender = new(time);

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
        var form = new PageForm(negotiated, ContentNegotiation.AcceptsGzip(Join(request.Headers.AcceptEncoding)), PageSender.CanSendParts(request));
        using PageReader? reader = await pages.AssembleAsync(form, deadline, arrivedAt, context.RequestAborted);
        if (reader is null)
        {
            await refuseAsBusy(context);
            return;
        }

        if (form.UseGzip)
            response.Headers.ContentEncoding = "gzip";
        await _sender.SendAsync(context, reader, deadline.End - time.GetElapsedTime(arrivedAt), deadline.Patience);
    }

    private static string? Join(Microsoft.Extensions.Primitives.StringValues values) => values.Count == 0 ? null : string.Join(',', values.ToArray());
}
