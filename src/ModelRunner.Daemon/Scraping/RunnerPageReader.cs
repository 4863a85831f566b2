using System.IO.Compression;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using ModelRunner.Daemon.Runners;

namespace ModelRunner.Daemon.Scraping;

/// <summary>
/// Requests the page of one runner and accepts only a complete body. It forwards no header of the client, follows no redirect, and reads no
/// more than the limit. Thread-safe.
/// </summary>
/// <param name="maxBodyBytes">Returns the current limit of decoded bytes of one body.</param>
/// <param name="budget">The memory budget of all bodies.</param>
internal sealed class RunnerPageReader(Func<int> maxBodyBytes, PageBodyBudget budget)
{
    private const string Accept = "text/plain;version=0.0.4";

    /// <summary>The most bytes that are read of the body of a 503 response.</summary>
    private const int MaxErrorBytes = 1024;

    /// <summary>Reads the page. Never throws: every error becomes a <see cref="ScrapeFailureReason"/>.</summary>
    /// <param name="endpoint">The runner.</param>
    /// <param name="page">The address of its page.</param>
    /// <param name="lastBytes">The length in bytes of its last body; 0 before the first.</param>
    /// <param name="cancellationToken">Ends the request with <see cref="ScrapeFailureReason.Timeout"/>.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ReadOutcome> ReadAsync(RunnerEndpoint endpoint, Uri page, int lastBytes, CancellationToken cancellationToken)
    {
        bool hasResponse = false;
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, page);
            request.Headers.TryAddWithoutValidation("Accept", Accept);
            request.Headers.TryAddWithoutValidation("Accept-Encoding", "identity");
            using HttpResponseMessage response = await endpoint.Probes.SendAsync(request, cancellationToken);
            hasResponse = true;
            if (response.StatusCode == HttpStatusCode.ServiceUnavailable && await SaysLoadingAsync(response, cancellationToken))
                return ReadOutcome.Fail(ScrapeFailureReason.Loading);
            return ReasonOf(response) is { } reason
                ? ReadOutcome.Fail(reason, response.StatusCode == HttpStatusCode.OK ? null : (int)response.StatusCode)
                : await ReadBodyAsync(response, lastBytes, cancellationToken);
        }
        catch (Exception failure)
        {
            ScrapeFailureReason reason = ReasonOf(failure, cancellationToken);
            return ReadOutcome.Fail(hasResponse && reason == ScrapeFailureReason.Refused ? ScrapeFailureReason.Truncated : reason);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadOutcome> ReadBodyAsync(HttpResponseMessage response, int lastBytes, CancellationToken cancellationToken)
    {
        HttpContent content = response.Content;
        if (!TryReadType(content.Headers, out bool isOpenMetrics) || !TryReadCoding(content.Headers, out bool isGzip))
            return ReadOutcome.Fail(ScrapeFailureReason.ContentType);
        int maxBytes = maxBodyBytes();
        long? length = content.Headers.ContentLength;
        if (length > maxBytes)
            return ReadOutcome.Fail(ScrapeFailureReason.TooLarge);

        var body = new BodyBuffer(maxBytes, budget);
        bool isTaken = false;
        try
        {
            if (!await body.TryExpectAsync(isGzip ? null : length, lastBytes, cancellationToken))
                return ReadOutcome.Fail(ScrapeFailureReason.TooLarge);
            Stream stream = content.ReadAsStream(cancellationToken);
            if (!(isGzip ? await ReadGzipAsync(stream, body, cancellationToken) : await body.TryReadAsync(stream, cancellationToken)))
                return ReadOutcome.Fail(ScrapeFailureReason.TooLarge);
            bool hasEnd = isGzip || length is not null || response.Headers.TransferEncodingChunked == true;
            if (!hasEnd && !LooksComplete(body.Written.Span, isOpenMetrics))
                return ReadOutcome.Fail(ScrapeFailureReason.Truncated);
            isTaken = true;
            return new ReadOutcome(body, isOpenMetrics, Failure: null) { Process = ProcessStartHeader.Of(response) };
        }
        finally
        {
            if (!isTaken)
                body.Dispose();
        }
    }

    // Such a body ends where the connection closes, and a runner that crashes closes it too: 1234 may arrive as 12.
    private static bool LooksComplete(ReadOnlySpan<byte> body, bool isOpenMetrics) =>
        isOpenMetrics ? body.TrimEnd("\r\n"u8).EndsWith("# EOF"u8) : body.EndsWith("\n"u8);

    // The limit counts decoded bytes, so a small gzip body cannot expand without bound. The decoder takes zero bytes for an empty page, but
    // they are invalid gzip.
    private static async Task<bool> ReadGzipAsync(Stream stream, BodyBuffer body, CancellationToken cancellationToken)
    {
        PipeReader encoded = PipeReader.Create(stream);
        ReadResult first = await encoded.ReadAsync(cancellationToken);
        if (first.Buffer.IsEmpty)
            throw new InvalidDataException("The gzip body is empty.");
        encoded.AdvanceTo(first.Buffer.Start);
        await using var decoded = new GZipStream(encoded.AsStream(), CompressionMode.Decompress);
        return await body.TryReadAsync(decoded, cancellationToken);
    }

    // HttpClient uses the first of two lengths, and without a valid number it reads until the connection closes. In both cases the end of the
    // body is unknown.
    private static bool HasPlainLength(HttpContentHeaders headers)
    {
        if (!headers.NonValidated.TryGetValues("Content-Length", out HeaderStringValues values))
            return true;
        string? first = null;
        foreach (string value in values)
        {
            first ??= value;
            if (value != first)
                return false;
        }

        return headers.ContentLength is not null;
    }

    // HttpClient decodes chunks only and returns the bytes of every other transfer coding as they are.
    private static bool HasPlainTransfer(HttpResponseHeaders headers)
    {
        if (!headers.NonValidated.TryGetValues("Transfer-Encoding", out HeaderStringValues values))
            return true;
        foreach (string value in values)
        {
            if (!value.Equals("chunked", StringComparison.OrdinalIgnoreCase) && !value.Equals("identity", StringComparison.OrdinalIgnoreCase))
                return false;
        }

        return true;
    }

    private static bool TryReadType(HttpContentHeaders headers, out bool isOpenMetrics)
    {
        isOpenMetrics = false;
        if (!headers.NonValidated.TryGetValues("Content-Type", out HeaderStringValues values))
            return true;
        ReadOnlySpan<char> type = values.ToString();
        int end = type.IndexOf(';');
        type = (end < 0 ? type : type[..end]).Trim();
        isOpenMetrics = type.Equals("application/openmetrics-text", StringComparison.OrdinalIgnoreCase);
        return isOpenMetrics || type.Equals("text/plain", StringComparison.OrdinalIgnoreCase);
    }

    private static bool TryReadCoding(HttpContentHeaders headers, out bool isGzip)
    {
        isGzip = false;
        if (!headers.NonValidated.TryGetValues("Content-Encoding", out HeaderStringValues values))
            return true;
        string coding = values.ToString().Trim();
        isGzip = coding.Equals("gzip", StringComparison.OrdinalIgnoreCase) || coding.Equals("x-gzip", StringComparison.OrdinalIgnoreCase);
        return isGzip || coding.Length == 0 || coding.Equals("identity", StringComparison.OrdinalIgnoreCase);
    }

    // A proxy in front of a server that is down responds with 503 too, and that must not look like a model that loads.
    private static async ValueTask<bool> SaysLoadingAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        byte[] start = new byte[MaxErrorBytes];
        await using Stream body = await response.Content.ReadAsStreamAsync(cancellationToken);
        int length = await body.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancellationToken);
        return start.AsSpan(0, length).IndexOf("Loading model"u8) >= 0;
    }

    private static ScrapeFailureReason? ReasonOf(HttpResponseMessage response) => response.StatusCode switch
    {
        HttpStatusCode.OK when !HasPlainLength(response.Content.Headers) => ScrapeFailureReason.Status,
        HttpStatusCode.OK when !HasPlainTransfer(response.Headers) => ScrapeFailureReason.ContentType,
        HttpStatusCode.OK => null,
        HttpStatusCode.NotImplemented or HttpStatusCode.NotFound => ScrapeFailureReason.Unsupported,
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => ScrapeFailureReason.Unauthorized,
        _ => ScrapeFailureReason.Status,
    };

    private static ScrapeFailureReason ReasonOf(Exception failure, CancellationToken cancellationToken) => failure switch
    {
        _ when cancellationToken.IsCancellationRequested => ScrapeFailureReason.Timeout,
        HttpIOException or InvalidDataException => ScrapeFailureReason.Truncated,
        HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded }
            => ScrapeFailureReason.Status,
        HttpRequestException => ScrapeFailureReason.Refused,
        OutOfMemoryException => ScrapeFailureReason.TooLarge,
        IOException => ScrapeFailureReason.Truncated,
        _ => ScrapeFailureReason.Refused,
    };
}
