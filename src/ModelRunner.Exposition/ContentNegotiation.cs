namespace ModelRunner.Exposition;

/// <summary>Chooses the format of an answer from what a scraper accepts.</summary>
public static class ContentNegotiation
{
    /// <summary>
    /// Reads an Accept header as every Prometheus from 2.0 to 3.14 sends it, and anything else that a client may say. Never fails: where
    /// nothing fits, the answer is text 0.0.4.
    /// </summary>
    public static NegotiatedExposition Negotiate(string? accept) => throw new NotImplementedException(accept);

    /// <summary>Whether an Accept-Encoding header allows gzip (RFC 9110, section 12.5.3).</summary>
    public static bool AcceptsGzip(string? acceptEncoding) => throw new NotImplementedException(acceptEncoding);
}
