using ModelRunner.Daemon.Configuration;
using ModelRunner.Daemon.Forwarding;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;

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

        AcquireOutcome acquired = await pool.AcquireAsync(backend, model, route.Mode, context.RequestAborted);
        if (acquired.Lease is not { } lease)
            throw new ApiException(ApiErrors.OfRefusal(acquired.Refusal!));

        using (lease)
        {
            ForwardOutcome outcome = await forwarder.ForwardAsync(context, lease, new RunnerRequest(route.RunnerPath, body.Bytes));
            if (outcome == ForwardOutcome.RunnerFailed)
                await ApiErrorWriter.WriteAsync(context, await ExplainAsync(model, route, lease));
        }
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

    private async Task<ApiError> ExplainAsync(ModelEntry model, InferenceRoute route, RunnerLease lease)
    {
        await Task.Delay(WaitForCause, time, lease.RunnerGone).ContinueWith(
            static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        string cause = pool.Runners.FirstOrDefault(runner => runner.Id == lease.Runner)?.Failure
            ?? "its connection ended; try again, and see the daemon's log if it goes on";
        return new ApiError(StatusCodes.Status502BadGateway,
            $"the runner of \"{model.Reference}\" in mode {ModeText.Format(route.Mode)} gave no answer: {cause}", ApiError.Server, "runner_failed");
    }
}
