using System.Net;
using ModelRunner.Daemon.Runners;
using Yarp.ReverseProxy.Forwarder;

namespace ModelRunner.Daemon.Forwarding;

/// <summary>
/// Sends a request to a runner and its answer to the client, each piece as it comes. There is no limit of time: a long prompt may take
/// many minutes without a byte, and the runner's end or the client's leaving ends it.
/// </summary>
internal sealed partial class RequestForwarder(IHttpForwarder forwarder, TimeProvider time, ILogger<RequestForwarder> logger)
{
    /// <summary>
    /// llama-server closes connections that were idle for 5 s, and may do so just when a request is written to one. That shows at once;
    /// what fails later was at work on the request.
    /// </summary>
    private static readonly TimeSpan IdleCloseShowsWithin = TimeSpan.FromMilliseconds(250);

    private static readonly ForwarderRequestConfig Settings = new()
    {
        ActivityTimeout = Timeout.InfiniteTimeSpan,
        Version = HttpVersion.Version11,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        AllowResponseBuffering = false,
    };

    /// <summary>Forwards; never throws for what a runner or a client does.</summary>
    public async Task<ForwardOutcome> ForwardAsync(HttpContext context, RunnerLease lease, RunnerRequest request)
    {
        long started = time.GetTimestamp();
        ForwarderError error = await SendAsync(context, lease, request);
        bool isSentTwice = IsIdleClose(context, lease, error) && time.GetElapsedTime(started) < IdleCloseShowsWithin;
        if (isSentTwice)
        {
            LogRetry(lease.Endpoint.Display);
            context.Response.StatusCode = StatusCodes.Status200OK;
            error = await SendAsync(context, lease, request);
        }

        if (error == ForwarderError.None)
            return ForwardOutcome.Answered;
        if (IsOfClient(error) && !lease.RunnerGone.IsCancellationRequested)
            return ForwardOutcome.ClientLeft;

        Exception? cause = context.Features.Get<IForwarderErrorFeature>()?.Exception;
        LogFailed(lease.Endpoint.Display, error, cause?.Message);
        if (context.Response.HasStarted)
            return ForwardOutcome.Cut;

        // What was sent once may be what ended the runner: it must not end the next one too.
        context.Response.StatusCode = StatusCodes.Status200OK;
        return cause is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } && !isSentTwice
            ? ForwardOutcome.NotReached
            : ForwardOutcome.RunnerFailed;
    }

    private async Task<ForwarderError> SendAsync(HttpContext context, RunnerLease lease, RunnerRequest request)
    {
        // The forwarder reads the body as the client's; it waits until it does not read it any more.
        context.Request.Body = new ReadOnlyMemoryStream(request.Body);
        RunnerEndpoint endpoint = lease.Endpoint;
        var transformer = new RunnerTransformer(new Uri(endpoint.BaseAddress, request.Path), request.Body.Length);
        return await forwarder.SendAsync(
            context, endpoint.BaseAddress.AbsoluteUri, endpoint.Client, Settings, transformer, lease.RunnerGone);
    }

    // The request's own token tells less: it is also cancelled when the forwarder cuts the connection because of the runner.
    private static bool IsOfClient(ForwarderError error) => error is
        ForwarderError.RequestCanceled or ForwarderError.RequestBodyCanceled or ForwarderError.ResponseBodyCanceled
        or ForwarderError.RequestBodyClient or ForwarderError.ResponseBodyClient;

    private static bool IsIdleClose(HttpContext context, RunnerLease lease, ForwarderError error)
    {
        if (error != ForwarderError.Request || context.Response.HasStarted)
            return false;
        if (context.RequestAborted.IsCancellationRequested || lease.RunnerGone.IsCancellationRequested)
            return false;

        Exception? cause = context.Features.Get<IForwarderErrorFeature>()?.Exception;
        return cause is HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded or HttpRequestError.Unknown };
    }

    [LoggerMessage(LogLevel.Debug, "The runner at {Runner} closed an idle connection; the request is sent again.")]
    private partial void LogRetry(string runner);

    [LoggerMessage(LogLevel.Debug, "The runner at {Runner} gave no whole answer: {Error}: {Cause}")]
    private partial void LogFailed(string runner, ForwarderError error, string? cause);
}
