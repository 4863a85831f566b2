using ModelRunner.Configuration;
using ModelRunner.Daemon.Inference.Bodies;
using ModelRunner.Daemon.Inference.Exchange;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Responses;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Inference;

/// <summary>
/// The routes of OpenAI's API that a model answers, under each prefix that Docker Model Runner has them under. The answer is the
/// runner's; only errors that came before it are the daemon's.
/// </summary>
internal sealed class InferenceEndpoint(
    ModelCatalog catalog, RunnerPool pool, BackendDirectory backends, RequestForwarder forwarder, RequestBodies bodies,
    CauseText causes, TimeProvider time)
{
    /// <summary>A runner's connections end some moments before its process is seen to have ended, and only that tells why.</summary>
    private static readonly TimeSpan WaitForCause = TimeSpan.FromSeconds(1);

    private const string BackendParameter = "backend";

    /// <summary>How many replicas are tried: more than anybody has.</summary>
    private const int MaxAttempts = 16;

    /// <summary>How often runners that the daemon starts are tried: one whose end was not seen yet, and the next.</summary>
    private const int MaxManagedAttempts = 3;

    private static readonly string[] Prefixes = ["", "/engines", $"/engines/{{{BackendParameter}}}"];

    public void Map(IEndpointRouteBuilder routes)
    {
        foreach (string prefix in Prefixes)
            foreach (InferenceRoute route in InferenceRoute.All)
                if (route.HasPrefixes || prefix.Length == 0)
                    routes.MapPost(prefix + route.Path, context => AnswerAsync(context, route));
    }

    private async Task AnswerAsync(HttpContext context, InferenceRoute route)
    {
        using RequestBody body = await bodies.ReadAsync(context.Request, context.RequestAborted);
        string? backend = context.Request.RouteValues[BackendParameter] as string;
        ModelEntry model = await FindAsync(RequestEnvelope.Read(body.Bytes.Span).Model, context.RequestAborted);
        route = route.For(model);
        Check(model, route, backend);
        if (IsPreload(context.Request))
        {
            await PreloadAsync(context, model, route, backend);
            return;
        }

        var request = new RunnerRequest(route.RunnerPath, body.Bytes);

        // A runner that died a moment ago may be chosen before its end is seen, and a server of somebody else may be down. The request did
        // not reach it then, so the next one may be asked.
        var asked = new List<RunnerId>();
        string? attachedFailure = null;
        while (asked.Count < MaxAttempts)
        {
            AcquireOutcome acquired = await pool.AcquireAsync(backend, model, route.Mode, context.RequestAborted, asked);
            using RunnerLease lease = acquired.Lease ?? throw new ApiException(ApiErrors.OfRefusal(acquired.Refusal!, causes));
            if (lease.IsAttached && asked.Contains(lease.Runner))
                break;

            asked.Add(lease.Runner);
            ForwardOutcome outcome = await forwarder.ForwardAsync(context, lease, request);
            if (outcome is not (ForwardOutcome.NotReached or ForwardOutcome.Unread or ForwardOutcome.RunnerFailed))
                return;

            attachedFailure = lease.IsAttached ? AttachedFailure.Describe(context, outcome, ShownAddress(lease.Endpoint)) : null;
            await WaitForEndAsync(lease);
            if (outcome == ForwardOutcome.NotReached && !lease.IsAttached && !lease.RunnerGone.IsCancellationRequested)
                pool.Replace(lease.Runner);
            if (outcome == ForwardOutcome.RunnerFailed || (!lease.IsAttached && asked.Count == MaxManagedAttempts))
                break;
        }

        await ApiErrorWriter.WriteAsync(context, Explain(model, route, attachedFailure ?? CauseOf(asked[^1])));
    }

    private async Task<ModelEntry> FindAsync(string reference, CancellationToken cancellationToken)
    {
        ModelLookup lookup = await catalog.FindAsync(reference, cancellationToken);
        return lookup.Model ?? throw new ApiException(ApiErrors.OfLookup(lookup));
    }

    private void Check(ModelEntry model, InferenceRoute route, string? backend)
    {
        if (model.Modes.Count > 0 && !model.Modes.Contains(route.Mode))
            throw new ApiException(ApiErrors.WrongMode(model, route.Mode));
        if (backends.Check(backend, model, route.Mode) is { } error)
            throw new ApiException(error);
    }

    /// <summary>Whether the client only wants the model to be loaded, as Docker Model Runner's clients ask.</summary>
    private static bool IsPreload(HttpRequest request) =>
        string.Equals(request.Headers["X-Preload-Only"].ToString(), "true", StringComparison.OrdinalIgnoreCase);

    private async Task PreloadAsync(HttpContext context, ModelEntry model, InferenceRoute route, string? backend)
    {
        AcquireOutcome acquired = await pool.AcquireAsync(backend, model, route.Mode, context.RequestAborted);
        using RunnerLease lease = acquired.Lease ?? throw new ApiException(ApiErrors.OfRefusal(acquired.Refusal!, causes));
        context.Response.StatusCode = StatusCodes.Status200OK;
        context.Response.ContentLength = 0;
    }

    private async Task WaitForEndAsync(RunnerLease lease)
    {
        // Nobody sees the end of a runner that is not ours.
        if (lease.IsAttached)
            return;

        await Task.Delay(WaitForCause, time, lease.RunnerGone).ContinueWith(
            static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private string CauseOf(RunnerId runner) => causes.WithoutFolders(
        pool.Runners.FirstOrDefault(snapshot => snapshot.Id == runner)?.Failure
        ?? "its connection ended; try again, and see the daemon's log if it goes on");

    // A URL has no folders of this machine in it.
    private string ShownAddress(RunnerEndpoint endpoint) =>
        endpoint.Display.StartsWith("unix:", StringComparison.Ordinal) ? causes.WithoutFolders(endpoint.Display) : endpoint.Display;

    private static ApiError Explain(ModelEntry model, InferenceRoute route, string cause) => new(
        StatusCodes.Status502BadGateway,
        $"the runner of \"{model.Reference}\" in mode {ModeText.Format(route.Mode)} gave no answer: {cause}",
        ApiError.Server, "runner_failed");
}
