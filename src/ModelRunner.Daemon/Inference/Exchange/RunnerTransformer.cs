using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using ModelRunner.Daemon.Runners;
using Yarp.ReverseProxy.Forwarder;

namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>
/// Decides what of a request reaches a runner and what of its answer reaches the client. A runner sees the body and its type and nothing
/// else of the client: no key, no cookie, no address, no name of its program.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The forwarder disposes of the stream; the field only tells how it ended.")]
internal sealed class RunnerTransformer(Uri target, long bodyLength, RunnerLease lease) : HttpTransformer
{
    private const string EventStream = "text/event-stream";

    private ResponseStream? _answer;

    /// <summary>Whether the answer is a stream of events, whose end can be told in the stream itself.</summary>
    public bool IsEventStream { get; private set; }

    /// <summary>Whether the runner broke the answer off and the client was told so in the stream.</summary>
    public bool IsBrokenOff => IsEventStream && _answer is { IsBroken: true };

    /// <summary>What a runner says about itself or to browsers: the daemon speaks to clients in its own name.</summary>
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

        var accepted = httpContext.Request.Headers.Accept;
        if (accepted.Count > 0)
            proxyRequest.Headers.TryAddWithoutValidation(HeaderNames.Accept, (IEnumerable<string?>)accepted);
        return ValueTask.CompletedTask;
    }

    public override async ValueTask<bool> TransformResponseAsync(
        HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        // Without an answer there is nothing to copy; the forwarder's caller writes the error.
        if (proxyResponse is null)
            return false;

        if (await FinalRunnerError.TryAnswerAsync(httpContext, proxyResponse, cancellationToken))
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
        Replace(proxyResponse, response, type);

        // Proxies in front of us must not hold events back either.
        if (type is EventStream)
        {
            response.ContentLength = null;
            response.Headers.CacheControl = "no-cache";
            response.Headers["X-Accel-Buffering"] = "no";
        }

        return copiesBody;
    }

    private void Replace(HttpResponseMessage proxyResponse, HttpResponse response, string? type)
    {
        // What is compressed can neither be read nor be followed by plain text.
        IsEventStream = type is EventStream && proxyResponse.Content.Headers.ContentEncoding.Count == 0;
        ModelNameRewriter? rewriter = MakeRewriter(proxyResponse, type);
        if (!IsEventStream && rewriter is null)
            return;
        if (rewriter is not null)
            response.ContentLength = null;
        proxyResponse.Content = new ResponseContent(
            proxyResponse.Content, body => _answer = new ResponseStream(body, target.AbsolutePath, IsEventStream, rewriter, lease.RunnerGone));
    }

    // A runner that knows its model by another name may call it so in its answers.
    private ModelNameRewriter? MakeRewriter(HttpResponseMessage proxyResponse, string? type)
    {
        bool isJson = type is "application/json" && proxyResponse.Content.Headers.ContentLength != 0;
        bool isReadable = proxyResponse.Content.Headers.ContentEncoding.Count == 0 && (IsEventStream || isJson);
        return lease.Endpoint.ModelName is not null && isReadable ? new ModelNameRewriter(lease.Model, IsEventStream) : null;
    }
}
