using ModelRunner.Exposition.Negotiation;

namespace ModelRunner.Exposition;

/// <summary>Chooses the format of an answer from what a scraper accepts.</summary>
public static class ContentNegotiation
{
    /// <summary>
    /// Reads an Accept header as every Prometheus from 2.0 to 3.14 sends it, and anything else that a client may say. Never fails: where
    /// nothing fits, the answer is text 0.0.4. The most specific range that fits an offer gives its quality (RFC 9110, section 12.5.1); of
    /// equal ones the one that is named first wins, and a range with wildcards alone means text 0.0.4.
    /// </summary>
    /// <param name="accept">The value of the header, several of them joined by commas; null where there is none.</param>
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

    /// <summary>
    /// Whether an Accept-Encoding header allows gzip, and does not like an unencoded answer better (RFC 9110, section 12.5.3).
    /// </summary>
    /// <param name="acceptEncoding">The value of the header, several of them joined by commas; null where there is none.</param>
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
