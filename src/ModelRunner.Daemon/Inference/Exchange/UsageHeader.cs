using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Telemetry;

namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>
/// The cost of a request in its response: a header if the counts are known before the response begins, else a trailer if the client accepts
/// trailers. The value is a dictionary of RFC 8941.
/// </summary>
internal static class UsageHeader
{
    public const string Name = "X-Model-Runner-Usage";

    /// <summary>Announces the trailer if the client accepts one. Call it before the response begins.</summary>
    /// <returns>Whether the body must be a <see cref="TrailerStream"/>, because the response is of HTTP/1.1.</returns>
    public static bool Announce(HttpContext context)
    {
        HttpResponse response = context.Response;
        if (response.SupportsTrailers())
        {
            response.DeclareTrailer(Name);
            return false;
        }

        if (!HttpProtocol.IsHttp11(context.Request.Protocol) || !AsksForTrailers(context.Request))
            return false;
        response.ContentLength = null;
        response.Headers.TransferEncoding = "chunked";
        response.Headers.Trailer = Name;
        return true;
    }

    /// <summary>Takes back what was announced, because another response follows.</summary>
    public static void Remove(HttpResponse response)
    {
        response.Headers.Remove(Name);
        response.Headers.Remove(HeaderNames.Trailer);
        response.Headers.Remove(HeaderNames.TransferEncoding);
    }

    /// <summary>Sends the trailer if it was announced. Call it after the last part of the body.</summary>
    public static void Append(HttpContext context, RequestRecord record)
    {
        IHttpResponseTrailersFeature? feature = context.Features.Get<IHttpResponseTrailersFeature>();
        bool isAnnounced = context.Response.Headers.Trailer.Contains(Name, StringComparer.OrdinalIgnoreCase);
        if (isAnnounced && feature is { Trailers.IsReadOnly: false })
            feature.Trailers[Name] = Format(record);
    }

    /// <summary>The value. Counts that are not known are left out.</summary>
    public static string Format(RequestRecord record)
    {
        ResponseFigures figures = record.Figures;
        var text = new StringBuilder(80);
        if (figures.Source is FigureSource.Timings or FigureSource.Usage)
            text.Append(CultureInfo.InvariantCulture, $"prompt={figures.PromptTokens}, cached={figures.CachedTokens}, ");
        if (figures.Source is not FigureSource.None)
            text.Append(CultureInfo.InvariantCulture, $"generated={figures.GeneratedTokens}, ");
        text.Append(CultureInfo.InvariantCulture, $"queue_ms={Milliseconds(record.QueueWait - record.LoadWait)}, load_ms={Milliseconds(record.LoadWait)}");
        if (figures.IsTruncated)
            text.Append(", truncated");
        return text.ToString();
    }

    private static long Milliseconds(TimeSpan? time) => (long)Math.Round(time?.TotalMilliseconds ?? 0);

    private static bool AsksForTrailers(HttpRequest request) =>
        request.Headers.TE.Any(static value => value?.Contains("trailers", StringComparison.OrdinalIgnoreCase) == true);
}
