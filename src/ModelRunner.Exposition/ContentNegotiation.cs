using ModelRunner.Exposition.Negotiation;

namespace ModelRunner.Exposition;

/// <summary>Chooses the format of a response from the headers of the request. Thread-safe.</summary>
public static class ContentNegotiation
{
    /// <summary>
    /// Chooses the format from an Accept header. It understands the headers of every Prometheus from 2.0 to 3.14. Any value is valid: if no
    /// offer matches, the result is text 0.0.4. The most specific range that matches an offer gives its quality (RFC 9110, section 12.5.1). Of
    /// equal qualities the offer that is named first wins. Ranges with wildcards alone mean text 0.0.4.
    /// </summary>
    /// <param name="accept">The value of the header, several values joined by commas; null if there is none.</param>
    public static NegotiatedExposition Negotiate(string? accept)
    {
        var best = new Offer(OfferedType.Text004);
        if (string.IsNullOrWhiteSpace(accept))
            return best.ToExposition();
        Span<Offer> offers = [best, new Offer(OfferedType.OpenMetrics100), new Offer(OfferedType.Text100)];
        var position = 0;
        foreach (var range in accept.AsSpan().Split(','))
        {
            var media = MediaRange.Parse(accept.AsSpan()[range]);
            foreach (ref var offer in offers)
                offer.Consider(media, position);
            position++;
        }

        foreach (var offer in offers)
        {
            if (offer.IsBetterThan(best))
                best = offer;
        }

        return best.ToExposition();
    }

    /// <summary>Whether an Accept-Encoding header allows gzip and does not prefer an unencoded response (RFC 9110, section 12.5.3).</summary>
    /// <param name="acceptEncoding">The value of the header, several values joined by commas; null if there is none.</param>
    public static bool AcceptsGzip(string? acceptEncoding)
    {
        if (string.IsNullOrWhiteSpace(acceptEncoding))
            return false;
        double? gzip = null, any = null, identity = null;
        foreach (var range in acceptEncoding.AsSpan().Split(','))
        {
            var coding = MediaRange.Parse(acceptEncoding.AsSpan()[range]);
            if (coding.Is("gzip") || coding.Is("x-gzip"))
                gzip ??= coding.Quality;
            else if (coding.Is("*"))
                any ??= coding.Quality;
            else if (coding.Is("identity"))
                identity ??= coding.Quality;
        }

        var quality = gzip ?? any ?? 0;
        return quality > 0 && quality >= (identity ?? 0);
    }
}
