using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Inference.Bodies;
using ModelRunner.Daemon.Inference.Exchange;
using ModelRunner.Daemon.Inference.Recording;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Ledger;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Responses;
using ModelRunner.Daemon.Runners;
using ModelRunner.Daemon.Tracing;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Inference;

/// <summary>
/// The inference routes of OpenAI's API, each under every prefix that Docker Model Runner also serves. Reads and checks a request;
/// <see cref="RequestExchange"/> sends it to a runner.
/// </summary>
internal sealed class InferenceEndpoint(
    MissingModels models, KeyLimits limits, KeepAliveLimit keepAlive, BackendDirectory backends, RequestBodies bodies, RequestExchange exchange,
    RequestLedger ledger, RequestRecorder recorder, TimeProvider time)
{
    private const string BackendParameter = "backend";

    private static readonly string[] Prefixes = ["", "/engines", $"/engines/{{{BackendParameter}}}"];

    public void Map(IEndpointRouteBuilder routes)
    {
        foreach (string prefix in Prefixes)
            foreach (InferenceRoute route in InferenceRoute.All)
                if (route.HasPrefixes || prefix.Length == 0)
                    routes.MapPost(prefix + route.Path, context => HandleAsync(context, route)).WithMetadata(new ListedRoute(route.Needs))
                        .Requires(KeyScopes.Inference);
    }

    private async Task HandleAsync(HttpContext context, InferenceRoute route)
    {
        RequestRecord record = ledger.Begin(Caller.Of(context).Name);
        record.IsCounted = !IsPreload(context.Request);
        RequestTrace? trace = RequestTrace.Begin(context, route.Operation, route.Path);
        (record.Operation, record.TraceId) = (route.Operation, trace?.SampledId);
        Exception? cause = null;
        try
        {
            await HandleAsync(context, route, record);
            if (record.Outcome != RequestOutcome.ClientClosed || context.Response.HasStarted)
                record.SetStatus(context.Response.StatusCode);
        }
        catch (Exception failure)
        {
            Explain(record, failure, context, route);
            cause = failure;
            throw;
        }
        finally
        {
            try
            {
                EndRecording(context, record, cause);
            }
            finally
            {
                await ledger.LeaveAsync(record);
                trace?.End(record);
            }
        }
    }

    private async Task HandleAsync(HttpContext context, InferenceRoute route, RequestRecord record)
    {
        // Before the body is read, so that a caller who is over the limit takes no memory.
        record.Hold(limits.Enter(Caller.Of(context)));
        using RequestBody body = await bodies.ReadAsync(context.Request, context.RequestAborted);
        string? backend = context.Request.RouteValues[BackendParameter] as string;
        RequestEnvelope envelope = RequestEnvelope.Read(body.Bytes.Span);
        bool isStream = envelope.IsStream && route.HasStreams && !IsPreload(context.Request);
        StreamPings? pings = isStream ? new StreamPings(context, route.RunnerPath, record, time) : null;
        ModelEntry model = await models.FindAsync(context, envelope.Model, body, pings);
        RequestRecording? recording = IsPreload(context.Request) ? null : recorder.Begin(context, model.Reference, body.Bytes.Span);
        context.Features.Set(recording);
        route = route.For(model);
        Check(model, route, backend);

        // The scheduler asks for the variants at any time, perhaps after the end of the request: they must not hold the context.
        var caller = Caller.Of(context);
        var wishes = new RequestWishes(
            PriorityHeader.Read(context), keepAlive.Apply(caller, envelope.KeepAlive, model), new RequestSender(caller.KeyName, context.TraceIdentifier))
        {
            Variants = () => models.FindVariants(caller, model), HidesDraft = models.HidesDraft(caller, model),
        };
        if (IsPreload(context.Request))
        {
            await exchange.LoadAsync(context, backend, model, route.Mode, wishes);
            context.Response.StatusCode = StatusCodes.Status200OK;
            context.Response.ContentLength = 0;
            return;
        }

        var request = new RunnerRequest(route.RunnerPath, body.Bytes)
        {
            IsStream = isStream, Wishes = wishes, Copy = recording?.Copy,
        };
        await exchange.SendAsync(context, backend, model, route.Mode, request, record);
    }

    private void EndRecording(HttpContext context, RequestRecord record, Exception? cause)
    {
        if (context.Features.Get<RequestRecording>() is not { } recording)
            return;
        if (cause is null || ErrorHandling.IsOfLeaving(cause, context))
        {
            bool isLeft = record.Outcome == RequestOutcome.ClientClosed;
            recorder.End(recording, isLeft ? StatusCodes.Status499ClientClosedRequest : context.Response.StatusCode, context.Response.ContentType);
            return;
        }

        ApiError error = ErrorHandling.ErrorOf(cause);
        using var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body))
            ApiErrorShape.Write(json, context, error);
        recorder.End(recording, error.Status, context.Response.ContentType, body.ToArray());
    }

    // The response to the failure is written later, with this status.
    private void Explain(RequestRecord record, Exception failure, HttpContext context, InferenceRoute route)
    {
        if (ErrorHandling.IsOfLeaving(failure, context))
        {
            record.Outcome = RequestOutcome.ClientClosed;
            return;
        }

        ApiError error = ErrorHandling.ErrorOf(failure);
        if (error.Model is { } model && record.Key is null)
            ledger.Assign(record, new RunnerKey(model.Backend, model.Reference, route.Mode));
        int status = error.Status;
        record.SetStatus(status);
        record.Outcome ??= status switch
        {
            StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable => RequestOutcome.Refused,
            StatusCodes.Status500InternalServerError when error.Code == RefusalCodes.Unusable => RequestOutcome.Refused,
            StatusCodes.Status403Forbidden when RefusalCodes.Contains(error.Code) => RequestOutcome.Refused,
            < StatusCodes.Status500InternalServerError => RequestOutcome.Invalid,
            _ => RequestOutcome.Error,
        };
        if (record.Outcome == RequestOutcome.Refused)
            record.Refusal = error.Code;
    }

    private void Check(ModelEntry model, InferenceRoute route, string? backend)
    {
        if (model.Modes.Count > 0 && !model.Modes.Contains(route.Mode))
            throw new ApiException(ApiErrors.WrongMode(model, route.Mode));
        if (backends.Check(backend, model, route.Mode) is { } error)
            throw new ApiException(error);
    }

    /// <summary>Whether the client only asks to load the model, with the header of Docker Model Runner.</summary>
    private static bool IsPreload(HttpRequest request) =>
        string.Equals(request.Headers["X-Preload-Only"].ToString(), "true", StringComparison.OrdinalIgnoreCase);
}
