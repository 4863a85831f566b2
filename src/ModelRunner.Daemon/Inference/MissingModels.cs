using System.Globalization;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Inference.Bodies;
using ModelRunner.Daemon.Inference.Exchange;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Pulling;
using ModelRunner.Daemon.Responses;
using ModelRunner.Store.Names;
using ModelRunner.Store.Pulls;

namespace ModelRunner.Daemon.Inference;

/// <summary>
/// Finds the models of requests and, if the configuration says so, pulls those that are not there. The pull belongs to the daemon: it goes on while
/// any client waits for it. Safe to call from any thread.
/// </summary>
internal sealed class MissingModels(
    ModelRights rights, ModelCatalog catalog, ModelPulls pulls, WaitingBodies bodies, Func<DaemonSettings> settings, TimeProvider time,
    CancellationToken stopping)
{
    /// <summary>The header of a client that wants no pull, such as the command line, which pulls itself and shows the progress.</summary>
    public const string NoPullHeader = "X-Model-Runner-No-Pull";

    // A client that repeats its request must not ask the registry each time.
    private static readonly TimeSpan FailureLife = TimeSpan.FromSeconds(30);
    private const int MaxFailures = 256;

    private readonly Lock _lock = new();
    private int _waiting;

    // Requests do not share pulls with those of other rights, and so not their failures either.
    private readonly Dictionary<(string Name, bool MustFetch), (PullOutcome Outcome, DateTimeOffset Until)> _failures = [];

    /// <summary>Finds the model that a request names.</summary>
    /// <param name="context">The request.</param>
    /// <param name="reference">The model, as the client wrote it.</param>
    /// <param name="body">Its body, which is kept while it waits.</param>
    /// <param name="pings">Keeps the client of a stream waiting; null: the client wants one response, and waits as long as for a runner.</param>
    /// <exception cref="ApiException">There is no such model and it was not pulled, or the caller may not use it.</exception>
    public async Task<ModelEntry> FindAsync(HttpContext context, string reference, RequestBody body, StreamPings? pings)
    {
        Caller caller = Caller.Of(context);
        ArtifactName name;
        try
        {
            return await rights.FindAsync(caller, reference, context.RequestAborted);
        }
        catch (ApiException missing) when (missing.Error.Code == ApiErrors.ModelNotFound && MayPull(context, caller, reference))
        {
            // Only the catalogue knows the name: the client may have written an alias of a model that was not pulled yet.
            if (await catalog.FindAsync(reference, context.RequestAborted) is not { Pullable: { } pullable, NeedsCommand: false })
                throw;
            name = pullable;
        }

        await PullAsync(context, name, body, pings);
        await catalog.FindPulledAsync(context.RequestAborted);
        return await rights.FindAsync(caller, reference, context.RequestAborted);
    }

    /// <summary>The other variants of a model that a client may use. It reads no file.</summary>
    public IReadOnlyList<ModelEntry> FindVariants(Caller caller, ModelEntry model) => rights.FindVariants(caller, model);

    /// <summary>Whether a client may not know the name of the draft model.</summary>
    public bool HidesDraft(Caller caller, ModelEntry model) => rights.HidesDraft(caller, model);

    private bool MayPull(HttpContext context, Caller caller, string reference) =>
        settings().Downloads.OnRequest && rights.MayPull(caller, reference)
        && !string.Equals(context.Request.Headers[NoPullHeader].ToString(), "true", StringComparison.OrdinalIgnoreCase);

    private async Task PullAsync(HttpContext context, ArtifactName name, RequestBody body, StreamPings? pings)
    {
        if (Failed(name, ModelRights.MustFetch(Caller.Of(context))) is { } before)
            throw new ApiException(PullErrors.OfRequest(name, before));

        // Each of them holds its body, and a pull may take hours.
        if (!bodies.TryEnter(body))
            throw NoMemory(name, bodies.LimitOf(body));
        try
        {
            await WaitInLineAsync(context, name, pings);
        }
        finally
        {
            bodies.Leave(body);
        }
    }

    private async Task WaitInLineAsync(HttpContext context, ArtifactName name, StreamPings? pings)
    {
        int limit = settings().Runners.MaxQueuedRequests;
        if (Interlocked.Increment(ref _waiting) > limit)
        {
            Interlocked.Decrement(ref _waiting);
            throw Unavailable($"{limit} requests wait for models that are being pulled, which is the limit (limits.maxQueuedRequests); try again later");
        }

        try
        {
            await FollowAsync(context, name, pings);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private async Task FollowAsync(HttpContext context, ArtifactName name, StreamPings? pings)
    {
        bool mustFetch = ModelRights.MustFetch(Caller.Of(context));
        Pull pull = PullStart.Join(pulls, name, mustFetch: mustFetch);
        try
        {
            PullOutcome outcome = await WaitAsync(context, pull, pings);
            if (outcome.IsSuccess)
                return;
            Keep(name, mustFetch, outcome);
            throw new ApiException(PullErrors.OfRequest(name, outcome));
        }
        finally
        {
            pulls.Queue.Leave(pull);
        }
    }

    private async Task<PullOutcome> WaitAsync(HttpContext context, Pull pull, StreamPings? pings)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        Task<PullOutcome> waiting = pull.Completion.WaitAsync(
            pings is null ? settings().Runners.QueueTimeout : Timeout.InfiniteTimeSpan, time, ended.Token);
        if (pings is not null)
            await pings.WhileAsync(waiting);
        try
        {
            return await waiting;
        }
        catch (TimeoutException)
        {
            throw Unavailable(
                $"model \"{pull.Name.ToWrittenString()}\" is being pulled, which takes longer than limits.queueTimeout; "
                + "what was fetched is kept: try again, or send the request with \"stream\": true, which waits without this limit");
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            throw Unavailable("the daemon ends; try again to continue the pull");
        }
    }

    private static ApiException Unavailable(string message) => new(new ApiError(
        StatusCodes.Status503ServiceUnavailable, message, ApiError.Unavailable, RefusalCodes.ModelsLoading, "model", TimeSpan.FromSeconds(5)));

    private static ApiException NoMemory(ArtifactName name, long limit) => new(new ApiError(
        StatusCodes.Status503ServiceUnavailable,
        $"the bodies of requests that wait for models that are being pulled may have {limit} bytes together, and this one "
        + $"does not fit; pull the model first with \"model-runner pull {name.ToWrittenString()}\", send less, or set limits.maxBodyMemory to a larger size",
        ApiError.Unavailable, RefusalCodes.BodyMemory, RetryAfter: TimeSpan.FromSeconds(5)));

    private PullOutcome? Failed(ArtifactName name, bool mustFetch)
    {
        lock (_lock)
        {
            if (!_failures.TryGetValue((name.ToString(), mustFetch), out var failure) || failure.Until - time.GetUtcNow() is not { Ticks: > 0 } left)
                return null;
            string next = string.Create(
                CultureInfo.InvariantCulture,
                $"this is the result of an earlier request, and requests pull again in {Math.Ceiling(left.TotalSeconds)} s; "
                + $"\"model-runner pull {name.ToWrittenString()}\" pulls at once");
            return failure.Outcome with { Message = $"{failure.Outcome.Message}; {next}" };
        }
    }

    private void Keep(ArtifactName name, bool mustFetch, PullOutcome outcome)
    {
        if (outcome.Result == PullResult.Cancelled)
            return;
        lock (_lock)
        {
            if (_failures.Count >= MaxFailures)
                _failures.Clear();
            _failures[(name.ToString(), mustFetch)] = (outcome, time.GetUtcNow() + FailureLife);
        }
    }
}
