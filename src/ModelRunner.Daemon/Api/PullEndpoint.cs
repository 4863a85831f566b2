using ModelRunner.Configuration;
using ModelRunner.Daemon.Inference;
using ModelRunner.Daemon.Inference.Bodies;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Pulling;
using ModelRunner.Daemon.Responses;
using ModelRunner.Store.Pulls;

namespace ModelRunner.Daemon.Api;

/// <summary>
/// <c>POST /models/create</c>: pulls a model from a registry or from Hugging Face. The response begins when the files are known, so a model that
/// does not exist is an error with its own status. Then it is a stream of progress.
/// </summary>
internal sealed class PullEndpoint(
    ModelPulls pulls, ModelCatalog catalog, RequestBodies bodies, TimeProvider time, CancellationToken stopping)
{
    private const int MaxBytes = 1 << 20;

    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/models/create", HandleAsync).Requires(KeyScopes.Admin);

    private async Task HandleAsync(HttpContext context)
    {
        PullRequest request;
        using (RequestBody body = await bodies.ReadAsync(context.Request, MaxBytes, "send {\"from\": \"ai/smollm2\"}", context.RequestAborted))
            request = PullRequest.Read(body.Bytes);

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        Pull pull = PullStart.Join(pulls, request.Name, request.Token, limit: request.BytesPerSecond);
        bool isJson = ProgressResponse.IsJson(context.Request);
        try
        {
            await SendAsync(context.Response, pull, new PullStream(pull, isJson) { Limit = request.BytesPerSecond }, isJson, ended.Token);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            if (!context.Response.HasStarted)
                throw new ApiException(new ApiError(StatusCodes.Status503ServiceUnavailable, "the daemon ends; pull again to continue", ApiError.Unavailable));
            var cancelled = new PullOutcome(PullResult.Cancelled, "the daemon ends; pull again to continue", null);
            await context.Response.Body.WriteAsync(new PullStream(pull, isJson).WriteEnd(cancelled), CancellationToken.None);
        }
        finally
        {
            pulls.Queue.Leave(pull, request.BytesPerSecond);
        }
    }

    private async Task SendAsync(HttpResponse response, Pull pull, PullStream stream, bool isJson, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(ProgressResponse.Interval, time);
        long start = time.GetTimestamp();
        while (!pull.Completion.IsCompleted && pull.Files.Count == 0 && (!pull.IsWaiting || time.GetElapsedTime(start) < ProgressResponse.SilentWait))
        {
            await Task.WhenAny(pull.Completion, timer.WaitForNextTickAsync(cancellationToken).AsTask());
            cancellationToken.ThrowIfCancellationRequested();
        }

        if (pull.Completion.IsCompleted && await pull.Completion is { IsSuccess: false } failed)
            throw new ApiException(PullErrors.Of(failed));

        ProgressResponse.Begin(response, isJson);
        while (!pull.Completion.IsCompleted)
        {
            if (pull.IsWaiting && pulls.Queue.AheadOf(pull) is ( > 0 and var ahead, var most))
                await ProgressResponse.WriteAsync(response, stream.ReadWaiting(ahead, most), cancellationToken);
            await ProgressResponse.WriteAsync(response, stream.ReadLimit(pulls.BytesPerSecond), cancellationToken);
            await ProgressResponse.WriteAsync(response, stream.ReadProgress(), cancellationToken);
            await timer.WaitForNextTickAsync(cancellationToken);
        }

        PullOutcome outcome = await pull.Completion;
        if (outcome.IsSuccess)
            await catalog.FindPulledAsync(cancellationToken);
        await ProgressResponse.WriteAsync(response, [.. stream.ReadProgress(), .. stream.WriteEnd(outcome)], cancellationToken);
    }
}
