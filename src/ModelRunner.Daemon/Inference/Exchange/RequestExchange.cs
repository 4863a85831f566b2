using ModelRunner.Configuration;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Ledger;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Responses;
using ModelRunner.Daemon.Runners;
using ModelRunner.Daemon.Tracing;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>
/// Owns one inference request from its runner to its response: acquires a runner, forwards the request, sends it to another runner if none
/// of it was processed, and explains a failure to the client. Safe to call from any thread.
/// </summary>
internal sealed class RequestExchange(
    RunnerPool pool, RequestForwarder forwarder, RequestLedger ledger, CauseText causes, TimeProvider time)
{
    /// <summary>
    /// How long to wait for the exit of a runner whose connection ended. Connections end shortly before the daemon sees the process exit,
    /// and only the exit tells the cause. A busy machine may take seconds.
    /// </summary>
    private static readonly TimeSpan ExitTimeout = TimeSpan.FromSeconds(5);

    /// <summary>The same for a runner that accepted no connection. It may live.</summary>
    private static readonly TimeSpan UnreachableTimeout = TimeSpan.FromSeconds(1);

    private const string UnknownCause = "its connection ended; try again, and see the daemon's log if it happens again";

    /// <summary>The most runners that one request is sent to; more than any configuration has replicas.</summary>
    private const int MaxAttempts = 16;

    /// <summary>The most managed runners that one request is sent to: one whose exit was not seen yet, and two after it.</summary>
    private const int MaxManagedAttempts = 3;

    /// <summary>Loads a model: returns as soon as one of its runners could take a request.</summary>
    /// <param name="context">The client's request. Its response gets the place in the queue, as that of any request that waits.</param>
    /// <param name="backend">The backend that the route names; null: any.</param>
    /// <param name="model">The model.</param>
    /// <param name="mode">The mode of the runner.</param>
    /// <param name="wishes">What the client says about the scheduling.</param>
    /// <exception cref="ApiException">The scheduler refused the request.</exception>
    public async Task LoadAsync(HttpContext context, string? backend, ModelEntry model, RunnerMode mode, RequestWishes wishes)
    {
        var notice = new QueueNotice();
        AcquireOutcome acquired = await pool.AcquireAsync(
            pool.KeyOf(backend, model, mode), model, context.RequestAborted, notice: notice, wishes: wishes);
        QueueHeaders.Announce(context.Response, notice);
        using RunnerLease lease = LeaseOf(acquired, model, wishes);
    }

    /// <summary>Sends a request to a runner and its response, or an error, to the client.</summary>
    /// <param name="context">The client's request.</param>
    /// <param name="backend">The backend that the route names; null: any.</param>
    /// <param name="model">The model.</param>
    /// <param name="mode">The mode of the runner.</param>
    /// <param name="request">What is sent to the runner; its body must stay valid until the returned task completes.</param>
    /// <param name="record">Gets the model, the times and the outcome of the request.</param>
    /// <exception cref="ApiException">The scheduler refused the request, or no runner responded; nothing was sent to the client.</exception>
    public async Task SendAsync(
        HttpContext context, string? backend, ModelEntry model, RunnerMode mode, RunnerRequest request, RequestRecord record)
    {
        RunnerKey key = pool.KeyOf(backend, model, mode);
        ledger.Assign(record, key);
        var end = new ResponseEnd(ledger, record) { Copy = request.Copy };
        var client = new WaitingClient(context, request, record, time);
        record.BeginWait();

        // The pool may choose a runner that has just died, or an attached server that is down. Such a runner has processed nothing of the
        // request, so another runner gets it.
        var asked = new List<RunnerId>();
        string? attachedFailure = null;
        RunnerFailure? failure = null;
        StopReason? reason = null;
        while (asked.Count < MaxAttempts)
        {
            using RunnerLease lease = LeaseOf(
                await client.WaitAsync(pool.AcquireAsync(key, model, context.RequestAborted, asked, client.Notice, request.Wishes)),
                model, request.Wishes, record);
            record.EndWait(lease.LoadStartedAt, lease.LoadEndedAt);
            record.ContextLimit = lease.ContextTokens;
            RequestTrace.Of(context)?.Admit(lease);
            if (lease.IsAttached && asked.Contains(lease.Runner))
                break;

            asked.Add(lease.Runner);
            ForwardOutcome outcome = await forwarder.ForwardAsync(context, lease, request, end);
            record.Outcome = OutcomeOf(outcome, record);
            if (outcome is not (ForwardOutcome.NotReached or ForwardOutcome.Unread or ForwardOutcome.RunnerFailed))
            {
                await (WaitingStream.Of(context) is { } stream && outcome != ForwardOutcome.ClientLeft ? stream.FinishAsync() : Task.CompletedTask);
                return;
            }

            attachedFailure = lease.IsAttached ? AttachedFailure.Describe(context, outcome, ShownAddress(lease.Endpoint)) : null;
            await WaitForExitAsync(lease, outcome == ForwardOutcome.NotReached ? UnreachableTimeout : ExitTimeout);
            (failure, reason) = (lease.Failure, lease.EndReason);
            if (outcome == ForwardOutcome.NotReached && !lease.IsAttached && !lease.RunnerGone.IsCancellationRequested)
                pool.Replace(lease.Runner);
            if (outcome == ForwardOutcome.RunnerFailed || HangsPerhapsBecauseOfIt(outcome, failure) || (!lease.IsAttached && asked.Count == MaxManagedAttempts))
                break;
        }

        throw new ApiException(
            reason?.IsRequested() == true ? ExplainStop(model, mode, reason) : Explain(model, mode, request.Wishes, attachedFailure, failure));
    }

    private RunnerLease LeaseOf(AcquireOutcome acquired, ModelEntry model, RequestWishes wishes, RequestRecord? record = null)
    {
        if (acquired.Lease is { } lease)
            return lease;
        record?.Outcome = RequestOutcome.Refused;
        Refuse refusal = acquired.Refusal!;
        throw new ApiException(ApiErrors.OfRefusal(refusal with { Message = Show(refusal.Message, model, wishes) }, causes));
    }

    // The output of an engine may name the file of the draft model.
    private static string Show(string text, ModelEntry model, RequestWishes wishes) =>
        wishes.HidesDraft && model.Draft is { } draft ? draft.HideIn(text, model.Path) : text;

    private static RequestOutcome OutcomeOf(ForwardOutcome outcome, RequestRecord record) => outcome switch
    {
        ForwardOutcome.Completed => record.OutcomeOfWhole,
        ForwardOutcome.ClientLeft => RequestOutcome.ClientClosed,
        _ => RequestOutcome.RunnerFailed,
    };

    private async Task WaitForExitAsync(RunnerLease lease, TimeSpan limit)
    {
        // The daemon does not see the exit of an attached server.
        if (lease.IsAttached)
            return;

        await Task.Delay(limit, time, lease.RunnerGone).ContinueWith(
            static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    // A server that did not read the whole request may hang because of what it did read. The next process would hang in the same way, and
    // other models would lose their capacity once more.
    private static bool HangsPerhapsBecauseOfIt(ForwardOutcome outcome, RunnerFailure? failure) =>
        outcome == ForwardOutcome.Unread && failure is { Reason: StopReason.Stuck or StopReason.Stalled };

    // Only a Unix socket's address contains folders of this machine.
    private string ShownAddress(RunnerEndpoint endpoint) =>
        endpoint.Display.StartsWith("unix:", StringComparison.Ordinal) ? causes.WithoutFolders(endpoint.Display) : endpoint.Display;

    private static ApiError ExplainStop(ModelEntry model, RunnerMode mode, StopReason? reason) => new(
        StatusCodes.Status503ServiceUnavailable,
        $"the response of \"{model.Reference}\" in mode {ModeText.Format(mode)} was cut off: {BrokenResponse.CauseOf(reason)}; send the request again",
        ApiError.Server, BrokenResponse.Code, RetryAfter: TimeSpan.FromSeconds(1))
    {
        Reason = reason?.ToLabelValue(),
    };

    private ApiError Explain(ModelEntry model, RunnerMode mode, RequestWishes wishes, string? attachedFailure, RunnerFailure? failure)
    {
        string cause = attachedFailure ?? causes.WithoutFolders(Show(failure?.Message ?? UnknownCause, model, wishes));
        return new ApiError(
            StatusCodes.Status502BadGateway,
            $"the runner of \"{model.Reference}\" in mode {ModeText.Format(mode)} gave no response: {cause}",
            ApiError.Server, "runner_failed")
        {
            Reason = failure?.Reason.ToLabelValue(),
        };
    }
}
