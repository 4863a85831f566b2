namespace ModelRunner.Daemon.Scraping;

/// <summary>Why the series of a runner are missing from a page. A closed list: each member is one value of the label <c>reason</c>.</summary>
internal enum ScrapeFailureReason
{
    /// <summary>The runner loads its model. The daemon knows this and sends no request, or the runner responds with 503 and <c>Loading model</c>, as
    /// llama-server does.</summary>
    Loading,

    /// <summary>The runner is being stopped. The daemon sends it no more requests.</summary>
    Stopping,

    /// <summary>The runner has no process: its last start failed, or it crashed.</summary>
    Failed,

    /// <summary>The runner did not send the complete page before the deadline of the scrape.</summary>
    Timeout,

    /// <summary>The connection failed, or it closed before the response began.</summary>
    Refused,

    /// <summary>Any other status than 200, or invalid HTTP.</summary>
    Status,

    /// <summary>The runner has no metrics or was started without them (404, 501).</summary>
    Unsupported,

    /// <summary>The runner requires a key (401, 403).</summary>
    Unauthorized,

    /// <summary>The content type is no text format of Prometheus, or the content encoding is neither identity nor gzip.</summary>
    ContentType,

    /// <summary>The body exceeds the limit of bytes or the limit of samples.</summary>
    TooLarge,

    /// <summary>
    /// The connection closed, or the decoder failed, before the end of the body. A body without a length counts as truncated if its last line
    /// has no line feed.
    /// </summary>
    Truncated,

    /// <summary>No sample line of the body can be parsed, or nothing in the body can be parsed.</summary>
    Parse,
}
