using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Responses;
using ModelRunner.Daemon.Runners;
using ModelRunner.Daemon.Tracing;
using ModelRunner.Scheduling;
using ModelRunner.Telemetry;
using Yarp.ReverseProxy.Forwarder;

namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>
/// Decides which headers of a request reach a runner and which headers of its response reach the client. A runner sees only the body, its
/// type and the trace: no key, no cookie, no address and no user agent of the client.
/// </summary>
/// <param name="target">The address of the request.</param>
/// <param name="bodyLength">The length of the body that the runner gets.</param>
/// <param name="lease">The runner.</param>
/// <param name="removesUsage">Whether the client does not get the events of a stream that have only token counts.</param>
/// <param name="end">Reads the response, and counts the request before the last part is sent.</param>
/// <param name="findReasonAsync">As for <see cref="ResponseStream"/>.</param>
[SuppressMessage("Design", "CA1001", Justification = "The forwarder disposes the stream; the field only shows how it ended.")]
internal sealed class RunnerTransformer(
    Uri target, long bodyLength, RunnerLease lease, bool removesUsage, ResponseEnd end, Func<bool, Task<StopReason?>> findReasonAsync) : HttpTransformer
{
    private const string EventStream = "text/event-stream";

    /// <summary>A body of at most this many bytes is read before the headers are sent, so that they can contain its token counts.</summary>
    private const int MaxReadFirst = 16 * 1024;

    private ResponseStream? _answer;

    /// <summary>Whether the response is an event stream, which can end with an error event.</summary>
    public bool IsEventStream { get; private set; }

    /// <summary>Why the runner broke off the response, if the client got an error event; null otherwise.</summary>
    public string? BrokenOffCause => IsEventStream ? _answer?.BrokenCause : null;

    /// <summary>Headers that identify the runner or instruct browsers: the daemon sends its own.</summary>
    private static readonly string[] RunnerHeaders =
    [
        HeaderNames.Server, HeaderNames.SetCookie, HeaderNames.AccessControlAllowOrigin, HeaderNames.AccessControlAllowCredentials,
        HeaderNames.AccessControlAllowHeaders, HeaderNames.AccessControlAllowMethods, HeaderNames.AccessControlExposeHeaders,
    ];

    public override ValueTask TransformRequestAsync(
        HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        proxyRequest.RequestUri = target;
        if (proxyRequest.Content is { } content)
        {
            content.Headers.ContentLength = bodyLength;
            content.Headers.ContentType = new System.Net.Http.Headers.MediaTypeHeaderValue("application/json");
        }

        RequestTrace.Of(httpContext)?.Pass(proxyRequest.Headers);
        var accepted = httpContext.Request.Headers.Accept;
        if (accepted.Count > 0)
            proxyRequest.Headers.TryAddWithoutValidation(HeaderNames.Accept, (IEnumerable<string?>)accepted);
        return ValueTask.CompletedTask;
    }

    public override async ValueTask<bool> TransformResponseAsync(
        HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        // Without a response there is nothing to copy; the caller of the forwarder writes the error.
        if (proxyResponse is null)
            return false;
        lease.Progress?.Move();

        if (await FinalRunnerError.TryRespondAsync(httpContext, proxyResponse, lease.Model, target.AbsolutePath, end, cancellationToken))
            return false;

        HttpResponse response = httpContext.Response;
        var origin = response.Headers.AccessControlAllowOrigin;
        var varies = response.Headers.Vary;
        bool copiesBody = await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
        foreach (string name in RunnerHeaders)
            response.Headers.Remove(name);
        httpContext.Features.GetRequiredFeature<IHttpResponseFeature>().ReasonPhrase = null;
        response.Headers.AccessControlAllowOrigin = origin;
        response.Headers.Vary = varies;

        string? type = proxyResponse.Content.Headers.ContentType?.MediaType;
        await ReplaceAsync(httpContext, proxyResponse, type, cancellationToken);

        // Proxies between daemon and client must not hold back events either.
        if (type is EventStream)
        {
            response.ContentLength = null;
            response.Headers.CacheControl = "no-cache";
            response.Headers["X-Accel-Buffering"] = "no";
        }

        return copiesBody;
    }

    private async ValueTask ReplaceAsync(HttpContext context, HttpResponseMessage proxyResponse, string? type, CancellationToken cancellationToken)
    {
        HttpResponse response = context.Response;
        RequestRecord record = end.Record;
        record.HasResponse |= proxyResponse.IsSuccessStatusCode;
        record.SetStatus((int)proxyResponse.StatusCode);
        long? length = proxyResponse.Content.Headers.ContentLength;
        if (length == 0)
        {
            response.Headers[UsageHeader.Name] = UsageHeader.Format(record);
            return;
        }

        // A compressed response can neither be read nor be followed by plain text.
        bool isPlain = proxyResponse.Content.Headers.ContentEncoding.Count == 0;
        bool isJson = isPlain && "application/json".Equals(type, StringComparison.OrdinalIgnoreCase);
        IsEventStream = isPlain && EventStream.Equals(type, StringComparison.OrdinalIgnoreCase);

        // A runner that knows its model by another name may use that name in its responses.
        ModelNameRewriter? rewriter = (isJson || IsEventStream) && lease.Endpoint.ModelName is not null
            ? new ModelNameRewriter(lease.Model, IsEventStream)
            : null;
        if (rewriter is not null)
            response.ContentLength = null;
        UsageEventFilter? filter = removesUsage && IsEventStream ? new UsageEventFilter() : null;
        if (isJson || IsEventStream)
            record.BeginResponse(IsEventStream ? ResponseFormat.Events : ResponseFormat.Json);
        HttpContent content = proxyResponse.Content;
        bool isFramed = false;
        if (!IsEventStream && length <= MaxReadFirst)
            _answer = Wrap(await content.ReadAsStreamAsync(cancellationToken));
        if (_answer is { } small && await small.TryReadWholeAsync(cancellationToken))
            response.Headers[UsageHeader.Name] = UsageHeader.Format(record);
        else
            isFramed = WaitingStream.Of(context) is null && UsageHeader.Announce(context);
        proxyResponse.Content = new ResponseContent(content, body =>
        {
            _answer ??= Wrap(body);
            return isFramed ? new TrailerStream(_answer, UsageHeader.Name, () => UsageHeader.Format(record)) : _answer;
        });

        ResponseStream Wrap(Stream body) => new(
            body, target.AbsolutePath, IsEventStream, length, end, filter, rewriter, lease.RunnerGone, lease.Progress, findReasonAsync);
    }
}
