using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using Yarp.ReverseProxy.Forwarder;

namespace ModelRunner.Daemon.Forwarding;

/// <summary>
/// Decides what of a request reaches a runner and what of its answer reaches the client. A runner sees the body and its type and nothing
/// else of the client: no key, no cookie, no address, no name of its program.
/// </summary>
internal sealed class RunnerTransformer(Uri target, int bodyLength) : HttpTransformer
{
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

        // Proxies in front of us must not hold events back either.
        if (proxyResponse.Content.Headers.ContentType?.MediaType is "text/event-stream")
        {
            response.ContentLength = null;
            response.Headers.CacheControl = "no-cache";
            response.Headers["X-Accel-Buffering"] = "no";
        }

        return copiesBody;
    }
}
