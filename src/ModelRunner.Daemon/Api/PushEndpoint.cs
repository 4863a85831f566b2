using System.Text.Json;
using ModelRunner.Daemon.Inference.Bodies;
using ModelRunner.Daemon.Pulling;
using ModelRunner.Daemon.Responses;
using ModelRunner.Linux.Terminals;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;
using ModelRunner.Store.Pushes;

namespace ModelRunner.Daemon.Api;

/// <summary>
/// <c>POST /models/NAME/push</c>: sends a pulled model to the registry of its name. The response begins when the registry takes a file, so a push that it
/// refuses is an error with its own status. Then it is a stream of progress.
/// </summary>
internal sealed class PushEndpoint(ModelPulls pulls, StoredModels stored, RequestBodies bodies, TimeProvider time, CancellationToken stopping)
{
    private const int MaxBytes = 1 << 20;
    private const int MaxName = 200;
    private const string Shape = "send nothing, or {\"bearer-token\": \"…\"}";

    public void AddTo(ModelActions actions) => actions.Add(HttpMethods.Post, "push", HandleAsync);

    private async Task HandleAsync(HttpContext context, string written)
    {
        string? token;
        using (RequestBody body = await bodies.ReadAsync(context.Request, MaxBytes, Shape, context.RequestAborted))
            token = ReadToken(body.Bytes);
        ApiErrors.RequireOpenSsl("pushing a model");

        Push push = await FindAsync(written, context.RequestAborted);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        Task<PushOutcome> pushing = pulls.PushAsync(push, token, ended.Token);
        try
        {
            await SendAsync(context, push, pushing);
        }
        finally
        {
            // A client that leaves ends its push.
            await ended.CancelAsync();
            await ((Task)pushing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<Push> FindAsync(string written, CancellationToken cancellationToken)
    {
        try
        {
            (StoreEntry entry, string? tag) = await stored.FindNamedAsync(
                written, "so it cannot be pushed; load or package its file into the model store first", cancellationToken);
            tag ??= entry.Tags switch
            {
                [var only] => only,
                [] => throw new ApiException(ApiError.Invalid(
                    static words => $"the model has no name, so it is not known where to push it; give it one with {words.Tag}")),
                _ => throw new ApiException(ApiError.Invalid($"the model has the names {string.Join(", ", entry.Tags)}; push one of them")),
            };
            return ArtifactNameParser.TryParse(tag, out ArtifactName? name, out string? problem)
                ? new Push(entry.Id, name!)
                : throw new ApiException(ApiError.Invalid(
                    words => $"the name \"{PlainText.EscapeAndCut(tag, MaxName)}\" of the model {problem}; "
                        + $"give it another one with {words.Tag}, and push that"));
        }
        catch (StoreException failure)
        {
            throw StoredModels.Explain(failure, written);
        }
    }

    private async Task SendAsync(HttpContext context, Push push, Task<PushOutcome> pushing)
    {
        using var timer = new PeriodicTimer(ProgressResponse.Interval, time);
        long start = time.GetTimestamp();
        while (!pushing.IsCompleted && !push.IsAccepted && (!push.IsWaiting || time.GetElapsedTime(start) < ProgressResponse.SilentWait))
            await ProgressResponse.TickAsync(timer, pushing, context.RequestAborted);
        if (pushing.IsCompleted && await pushing is { IsSuccess: false } failed)
            throw new ApiException(PushErrors.Of(failed));

        bool isJson = ProgressResponse.IsJson(context.Request);
        var stream = new PushStream(push, isJson);
        HttpResponse response = context.Response;
        ProgressResponse.Begin(response, isJson);
        if (push.IsWaiting)
            await ProgressResponse.WriteAsync(response, stream.WriteWaiting(), context.RequestAborted);
        while (!pushing.IsCompleted)
        {
            await ProgressResponse.WriteAsync(response, stream.ReadProgress(), context.RequestAborted);
            await ProgressResponse.TickAsync(timer, pushing, context.RequestAborted);
        }

        // The daemon ends: the client still gets the last line.
        await ProgressResponse.WriteAsync(response, [.. stream.ReadProgress(), .. stream.WriteEnd(await pushing)], context.RequestAborted);
    }

    private static string? ReadToken(ReadOnlyMemory<byte> body)
    {
        if (body.Length == 0)
            return null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return document.RootElement.TryGetProperty("bearer-token"u8, out JsonElement member) && member.GetString() is { Length: > 0 } token
                    ? token
                    : null;
            }
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            throw new ApiException(ApiError.Invalid($"the request's body is not valid; {Shape}"));
        }

        throw new ApiException(ApiError.Invalid($"the request's body is no object; {Shape}"));
    }
}
