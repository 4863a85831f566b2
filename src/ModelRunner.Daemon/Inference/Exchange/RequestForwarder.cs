using System.Net;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;
using Yarp.ReverseProxy.Forwarder;

namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>
/// Sends a request to a runner and its response to the client, each part as it arrives. There is no time limit: a long prompt may take many
/// minutes without a byte. The exchange ends when the runner ends or the client leaves.
/// </summary>
internal sealed partial class RequestForwarder(IHttpForwarder forwarder, TimeProvider time, ILogger<RequestForwarder> logger)
{
    /// <summary>How long a client may take to read the last event of a stream whose runner was stopped on request, or while the daemon ends.</summary>
    private static readonly TimeSpan LastEventTimeout = TimeSpan.FromSeconds(2);

    /// <summary>The same if the runner failed. Nothing waits for the client then, and it may have paused for a reason of its own.</summary>
    private static readonly TimeSpan FailureEventTimeout = TimeSpan.FromSeconds(60);

    /// <summary>How long the last event waits for the exit of a runner whose connection ended: only the exit shows why.</summary>
    private static readonly TimeSpan ExitTimeout = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long to wait before a connection to an ended process is cut. Such a connection fails by itself, and only that failure shows
    /// whether the runner read the request.
    /// </summary>
    private static readonly TimeSpan ConnectionTimeout = TimeSpan.FromMilliseconds(250);

    private static readonly ForwarderRequestConfig Settings = new()
    {
        ActivityTimeout = Timeout.InfiniteTimeSpan,
        Version = HttpVersion.Version11,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        AllowResponseBuffering = false,
    };

    /// <summary>
    /// Forwards a request and records in the lease what the result means for the runner. Never throws for a fault of a runner or a client.
    /// </summary>
    /// <param name="context">The client's request.</param>
    /// <param name="lease">The runner.</param>
    /// <param name="request">What is sent to the runner.</param>
    /// <param name="end">Reads the response, and counts the request before the last part is sent.</param>
    public async Task<ForwardOutcome> ForwardAsync(HttpContext context, RunnerLease lease, RunnerRequest request, ResponseEnd end)
    {
        lease.Slots?.Begin();
        ForwardOutcome outcome;
        try
        {
            outcome = await TryTwiceAsync(context, lease, request, end);
        }
        finally
        {
            lease.Slots?.End(end.Record);
        }

        if (lease.Tally is { } tally)
            Count(tally, outcome, end.Record);
        if (outcome is ForwardOutcome.Completed or ForwardOutcome.Cut)
            UsageHeader.Append(context, end.Record);
        lease.Result = outcome switch
        {
            ForwardOutcome.Completed => ResultOf(context.Response.StatusCode),
            ForwardOutcome.ClientLeft when context.Response.HasStarted => RequestResult.Served,
            ForwardOutcome.ClientLeft => RequestResult.Abandoned,
            _ => RequestResult.RunnerFailed,
        };
        return outcome;
    }

    private async Task<ForwardOutcome> TryTwiceAsync(HttpContext context, RunnerLease lease, RunnerRequest request, ResponseEnd end)
    {
        ForwardOutcome outcome = await TryAsync(context, lease, request, end);

        // A server with too many connections may close a new one unread. Another connection shows whether the runner itself is gone.
        if (outcome == ForwardOutcome.Unread && !context.RequestAborted.IsCancellationRequested && !lease.RunnerGone.IsCancellationRequested)
        {
            LogRetry(lease.Endpoint.Display);
            outcome = await TryAsync(context, lease, request, end);
        }

        return outcome;
    }

    // A runner that was not reached, or did not read the request, counted nothing. A client may leave after the last event.
    private static void Count(RunnerTally tally, ForwardOutcome outcome, RequestRecord record)
    {
        bool isWhole = outcome == ForwardOutcome.Completed || (outcome == ForwardOutcome.ClientLeft && record.IsWhole);
        if (isWhole && record.OutcomeOfWhole == RequestOutcome.Completed && record.Status != StatusClass.ServerError)
        {
            if (record is { HasResponse: true, Figures: var figures })
                tally.Add(figures.PromptTokens, figures.GeneratedTokens);
        }
        else if (outcome is not (ForwardOutcome.NotReached or ForwardOutcome.Unread))
        {
            tally.Cut();
        }
    }

    // The client gets the response unchanged. The status only decides where later requests for the model go.
    private static RequestResult ResultOf(int status) => status switch
    {
        StatusCodes.Status502BadGateway or StatusCodes.Status503ServiceUnavailable or StatusCodes.Status504GatewayTimeout
            => RequestResult.RunnerFailed,
        >= StatusCodes.Status500InternalServerError => RequestResult.ServerError,
        _ => RequestResult.Served,
    };

    private async Task<ForwardOutcome> TryAsync(HttpContext context, RunnerLease lease, RunnerRequest request, ResponseEnd end)
    {
        // The forwarder reads the body as the client's. After a failure it may still be reading, while the body's memory is soon reused.
        EditedRequest edited = EditFor(lease, request);
        using var body = new ReadOnlyPartsStream(edited.Parts);
        context.Request.Body = body;
        (ForwarderError error, string? brokenOffCause) = await SendAsync(context, lease, request.Path, body.Length, edited.AsksForUsage, end);
        if (error == ForwarderError.None && brokenOffCause is null)
            return ForwardOutcome.Completed;
        if (IsOfClient(error) && !lease.RunnerGone.IsCancellationRequested)
            return ForwardOutcome.ClientLeft;

        Exception? cause = context.Features.Get<IForwarderErrorFeature>()?.Exception;
        string shown = brokenOffCause ?? cause?.GetBaseException().Message ?? "the connection ended";
        LogFailed(lease.IsAttached ? LogLevel.Warning : LogLevel.Debug, lease.Endpoint.Display, shown);
        if (context.Response.HasStarted)
            return ForwardOutcome.Cut;

        context.Response.StatusCode = StatusCodes.Status200OK;
        UsageHeader.Remove(context.Response);
        if (IsNotConnected(cause))
            return ForwardOutcome.NotReached;

        // If reading of the body never began, the request waited for a connection and was not sent.
        return RequestUnreadException.IsReasonOf(cause) || (body.Length > 0 && !body.IsRead)
            ? ForwardOutcome.Unread
            : ForwardOutcome.RunnerFailed;
    }

    // After the connect timeout the handler throws a cancellation that was caused by a timeout; no other timeout is set.
    private static bool IsNotConnected(Exception? cause) =>
        cause is HttpRequestException
        {
            HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError
        }
        or OperationCanceledException { InnerException: TimeoutException };

    // llama-server copies the name of the request into embedding and reranking responses, so it gets the full name.
    private static EditedRequest EditFor(RunnerLease lease, RunnerRequest request) => RequestEditor.Edit(
        request.Body, lease.Endpoint.ModelName ?? lease.Model, lease.Endpoint.RequestsUsage && RequestEditor.HasUsageOption(request.Path));

    private async Task<(ForwarderError Error, string? BrokenOffCause)> SendAsync(
        HttpContext context, RunnerLease lease, string path, long bodyLength, bool removesUsage, ResponseEnd end)
    {
        RunnerEndpoint endpoint = lease.Endpoint;
        CancellationToken ending = context.RequestServices.GetService<IHostApplicationLifetime>()?.ApplicationStopping ?? default;
        var transformer = new RunnerTransformer(
            new Uri(endpoint.BaseAddress, path), bodyLength, lease, removesUsage, end, waits => FindReasonAsync(lease, waits));
        using var cut = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        await using CancellationTokenRegistration registration = lease.RunnerGone.UnsafeRegister(
            _ => Cut(cut, transformer, lease.Failure is not null && !ending.IsCancellationRequested), state: null);
        await using CancellationTokenRegistration shutdown = ending.UnsafeRegister(
            _ =>
            {
                if (lease.RunnerGone.IsCancellationRequested)
                    Cut(cut, transformer, isPatient: false);
            },
            state: null);
        ForwarderError error = await forwarder.SendAsync(
            context, endpoint.BaseAddress.AbsoluteUri, endpoint.Client, Settings, transformer, cut.Token);
        return (error, transformer.BrokenOffCause);
    }

    // An event stream ends with an error event. A client that does not read it is disconnected later.
    private static void Cut(CancellationTokenSource cut, RunnerTransformer transformer, bool isPatient) =>
        cut.CancelAfter(!transformer.IsEventStream ? ConnectionTimeout : isPatient ? FailureEventTimeout : LastEventTimeout);

    // The daemon does not see the exit of an attached server.
    private async Task<StopReason?> FindReasonAsync(RunnerLease lease, bool waits)
    {
        if (!lease.IsAttached && waits && !lease.RunnerGone.IsCancellationRequested)
        {
            await Task.Delay(ExitTimeout, time, lease.RunnerGone).ContinueWith(
                static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        return lease.EndReason;
    }

    // The request's own token is not enough: it is also cancelled when the forwarder cuts the connection because of the runner.
    private static bool IsOfClient(ForwarderError error) => error is
        ForwarderError.RequestCanceled or ForwarderError.RequestBodyCanceled or ForwarderError.ResponseBodyCanceled
        or ForwarderError.RequestBodyClient or ForwarderError.ResponseBodyClient;

    [LoggerMessage(LogLevel.Debug, "The runner at {Runner} closed a connection before it read the request; the request is sent again.")]
    private partial void LogRetry(string runner);

    // The exit of a runner that the daemon started is logged with more detail.
    [LoggerMessage("The runner at {Runner} sent no complete response: {Cause}")]
    private partial void LogFailed(LogLevel level, string runner, string cause);
}
