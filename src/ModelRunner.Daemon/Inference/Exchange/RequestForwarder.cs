using System.Net;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;
using Yarp.ReverseProxy.Forwarder;

namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>
/// Sends a request to a runner and its answer to the client, each piece as it comes. There is no limit of time: a long prompt may take
/// many minutes without a byte, and the runner's end or the client's leaving ends it.
/// </summary>
internal sealed partial class RequestForwarder(IHttpForwarder forwarder, TimeProvider time, ILogger<RequestForwarder> logger)
{
    /// <summary>How long a client may take to read the last event of a stream whose runner is gone.</summary>
    private static readonly TimeSpan LastEventPatience = TimeSpan.FromSeconds(2);

    /// <summary>A connection to a process that ended fails by itself, and only that tells whether the request was read.</summary>
    private static readonly TimeSpan ConnectionPatience = TimeSpan.FromMilliseconds(250);

    private static readonly ForwarderRequestConfig Settings = new()
    {
        ActivityTimeout = Timeout.InfiniteTimeSpan,
        Version = HttpVersion.Version11,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        AllowResponseBuffering = false,
    };

    /// <summary>Forwards; never throws for what a runner or a client does. It tells the lease what that says about the runner.</summary>
    public async Task<ForwardOutcome> ForwardAsync(HttpContext context, RunnerLease lease, RunnerRequest request)
    {
        ForwardOutcome outcome = await TryAsync(context, lease, request);

        // llama-server closes connections that were idle for 5 s, and may do so just when a request is written to one. A new connection
        // shows whether the runner itself is gone.
        if (outcome == ForwardOutcome.Unread && !context.RequestAborted.IsCancellationRequested)
        {
            LogRetry(lease.Endpoint.Display);
            outcome = await TryAsync(context, lease, request);
        }

        lease.Result = outcome switch
        {
            ForwardOutcome.Answered => ResultOf(context.Response.StatusCode),
            ForwardOutcome.ClientLeft when context.Response.HasStarted => RequestResult.Served,
            ForwardOutcome.ClientLeft => RequestResult.Abandoned,
            _ => RequestResult.RunnerFailed,
        };
        return outcome;
    }

    // The answer goes to the client as it is. It only decides where the next requests for the model go.
    private static RequestResult ResultOf(int status) => status switch
    {
        StatusCodes.Status502BadGateway or StatusCodes.Status503ServiceUnavailable or StatusCodes.Status504GatewayTimeout
            => RequestResult.RunnerFailed,
        >= StatusCodes.Status500InternalServerError => RequestResult.ServerError,
        _ => RequestResult.Served,
    };

    private async Task<ForwardOutcome> TryAsync(HttpContext context, RunnerLease lease, RunnerRequest request)
    {
        // The forwarder reads the body as the client's. Where it gives up it may still be reading, and the body's memory soon has another owner.
        using ReadOnlyPartsStream body = BodyFor(lease, request);
        context.Request.Body = body;
        (ForwarderError error, bool isBrokenOff) = await SendAsync(context, lease, request.Path, body.Length);
        if (error == ForwarderError.None && !isBrokenOff)
            return ForwardOutcome.Answered;
        if (IsOfClient(error) && !lease.RunnerGone.IsCancellationRequested)
            return ForwardOutcome.ClientLeft;

        Exception? cause = context.Features.Get<IForwarderErrorFeature>()?.Exception;
        LogFailed(lease.IsAttached ? LogLevel.Warning : LogLevel.Debug, lease.Endpoint.Display, error, cause?.Message);
        if (context.Response.HasStarted)
            return ForwardOutcome.Cut;

        context.Response.StatusCode = StatusCodes.Status200OK;
        if (cause is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
            or HttpRequestError.SecureConnectionError })
            return ForwardOutcome.NotReached;

        // A body that nobody began to read waited for a connection.
        return RequestUnreadException.IsReasonOf(cause) || (body.Length > 0 && !body.IsRead)
            ? ForwardOutcome.Unread
            : ForwardOutcome.RunnerFailed;
    }

    // llama-server writes the name of the request into answers with vectors and ranks, so it gets the full one.
    private static ReadOnlyPartsStream BodyFor(RunnerLease lease, RunnerRequest request) =>
        new(ModelMember.Replace(request.Body, lease.Endpoint.ModelName ?? lease.Model));

    private async Task<(ForwarderError Error, bool IsBrokenOff)> SendAsync(HttpContext context, RunnerLease lease, string path, long bodyLength)
    {
        RunnerEndpoint endpoint = lease.Endpoint;
        var transformer = new RunnerTransformer(new Uri(endpoint.BaseAddress, path), bodyLength, lease);
        using var cut = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        await using CancellationTokenRegistration registration = lease.RunnerGone.UnsafeRegister(
            _ => Cut(cut, transformer), state: null);
        ForwarderError error = await forwarder.SendAsync(
            context, endpoint.BaseAddress.AbsoluteUri, endpoint.Client, Settings, transformer, cut.Token);
        return (error, transformer.IsBrokenOff);
    }

    // A stream of events ends with one that says what happened. Whoever does not read it is cut a little later.
    private static void Cut(CancellationTokenSource cut, RunnerTransformer transformer) =>
        cut.CancelAfter(transformer.IsEventStream ? LastEventPatience : ConnectionPatience);

    // The request's own token tells less: it is also cancelled when the forwarder cuts the connection because of the runner.
    private static bool IsOfClient(ForwarderError error) => error is
        ForwarderError.RequestCanceled or ForwarderError.RequestBodyCanceled or ForwarderError.ResponseBodyCanceled
        or ForwarderError.RequestBodyClient or ForwarderError.ResponseBodyClient;

    [LoggerMessage(LogLevel.Debug, "The runner at {Runner} closed a connection before it read a request; the request is sent again.")]
    private partial void LogRetry(string runner);

    // Of a runner that the daemon started, its end is logged with more detail.
    [LoggerMessage("The runner at {Runner} gave no whole answer: {Error}: {Cause}")]
    private partial void LogFailed(LogLevel level, string runner, ForwarderError error, string? cause);
}
