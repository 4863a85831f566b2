using ModelRunner.Daemon.Configuration;
using ModelRunner.Daemon.Forwarding;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Api;

/// <summary>
/// The routes of OpenAI's API that a model answers, under each prefix that Docker Model Runner has them under. The answer is the
/// runner's; only errors that came before it are the daemon's.
/// </summary>
internal sealed class InferenceEndpoint(
    ModelCatalog catalog, RunnerPool pool, BackendDirectory backends, RequestForwarder forwarder, TimeProvider time)
{
    /// <summary>A runner's connections end some moments before its process is seen to have ended, and only that tells why.</summary>
    private static readonly TimeSpan WaitForCause = TimeSpan.FromSeconds(1);

    private const string BackendParameter = "backend";

    private const int MaxAttempts = 2;

    private static readonly string[] Prefixes = ["", "/engines", $"/engines/{{{BackendParameter}}}"];

    public void Map(IEndpointRouteBuilder routes)
    {
        foreach (string prefix in Prefixes)
            foreach (InferenceRoute route in InferenceRoute.All)
                routes.MapPost(prefix + route.Path, context => AnswerAsync(context, route));
    }

    private async Task AnswerAsync(HttpContext context, InferenceRoute route)
    {
        using RequestBody body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        string? backend = context.Request.RouteValues[BackendParameter] as string;
        ModelEntry model = Resolve(RequestEnvelope.Read(body.Bytes.Span), route, backend);
        var request = new RunnerRequest(route.RunnerPath, body.Bytes);

        // A runner that died a moment ago may be chosen before its end is seen. Nothing was sent then, so the next one may be asked.
        RunnerId runner = default;
        for (int attempt = 0; attempt < MaxAttempts; attempt++)
        {
            AcquireOutcome acquired = await pool.AcquireAsync(backend, model, route.Mode, context.RequestAborted);
            using RunnerLease lease = acquired.Lease ?? throw new ApiException(ApiErrors.OfRefusal(acquired.Refusal!));
            runner = lease.Runner;
            ForwardOutcome outcome = await forwarder.ForwardAsync(context, lease, request);
            if (outcome is not (ForwardOutcome.NotReached or ForwardOutcome.RunnerFailed))
                return;

            await WaitForEndAsync(lease);
            if (outcome == ForwardOutcome.RunnerFailed)
                break;
        }

        await ApiErrorWriter.WriteAsync(context, Explain(model, route, runner));
    }

    private ModelEntry Resolve(RequestEnvelope envelope, InferenceRoute route, string? backend)
    {
        ModelLookup lookup = catalog.Find(envelope.Model);
        if (lookup.Model is not { } model)
            throw new ApiException(ApiErrors.OfLookup(lookup));
        if (model.Modes.Count > 0 && !model.Modes.Contains(route.Mode))
            throw new ApiException(ApiErrors.WrongMode(model, route.Mode));

        return backends.Check(backend, model, route.Mode) is { } error ? throw new ApiException(error) : model;
    }

    private async Task WaitForEndAsync(RunnerLease lease)
    {
        // Nobody sees the end of a runner that is not ours.
        if (pool.Runners.Any(runner => runner.Id == lease.Runner && runner.IsAttached))
            return;

        await Task.Delay(WaitForCause, time, lease.RunnerGone).ContinueWith(
            static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private ApiError Explain(ModelEntry model, InferenceRoute route, RunnerId runner)
    {
        string cause = pool.Runners.FirstOrDefault(snapshot => snapshot.Id == runner)?.Failure
            ?? "its connection ended; try again, and see the daemon's log if it goes on";
        return new ApiError(StatusCodes.Status502BadGateway,
            $"the runner of \"{model.Reference}\" in mode {ModeText.Format(route.Mode)} gave no answer: {cause}",
            ApiError.Server, "runner_failed");
    }
}
