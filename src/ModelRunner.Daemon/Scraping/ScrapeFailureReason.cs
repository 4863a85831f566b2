namespace ModelRunner.Daemon.Scraping;

/// <summary>Why a runner's series are not on a page. A closed list: each is one value of the label <c>reason</c>.</summary>
internal enum ScrapeFailureReason
{
    /// <summary>It loads its model: it was not asked, or said so itself (503).</summary>
    Loading,

    /// <summary>It is being stopped and is not asked any more.</summary>
    Stopping,

    /// <summary>It has no process: its last start failed, or it crashed.</summary>
    Failed,

    /// <summary>It did not answer in full within the scraper's deadline.</summary>
    Timeout,

    /// <summary>No connection, or one that ended before an answer.</summary>
    Refused,

    /// <summary>It answered with a status of no other reason, or with something that is no HTTP.</summary>
    Status,

    /// <summary>It has no metrics, or was started without them (404, 501).</summary>
    Unsupported,

    /// <summary>It asks for a key (401, 403).</summary>
    Unauthorized,

    /// <summary>The answer is none of the text formats, or in a coding that was not asked for and is not gzip.</summary>
    ContentType,

    /// <summary>The body is longer than the limit, or has more samples than the limit.</summary>
    TooLarge,

    /// <summary>
    /// The connection ended, or the coding broke off, before the body was whole. Of a body without a length that is so where its last line
    /// has no line feed.
    /// </summary>
    Truncated,

    /// <summary>The body has lines of samples, and none can be read; or nothing in it can be read.</summary>
    Parse,
}
