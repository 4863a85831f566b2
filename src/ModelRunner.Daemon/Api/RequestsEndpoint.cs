using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Inference.Recording;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Responses;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Api;

/// <summary>
/// <c>GET /engines/requests</c>: the last requests of each model with their responses, if they are recorded. With the header
/// <c>Accept: text/event-stream</c> the response continues with each request that ends. A client holds at most one recorded request at a time,
/// so that a slow one neither delays a request nor takes memory beyond the budget.
/// </summary>
/// <param name="recorder">The requests.</param>
/// <param name="store">The settings that clients have changed.</param>
/// <param name="catalog">Finds models by their names.</param>
/// <param name="time">The clock.</param>
/// <param name="stopping">Cancelled when the daemon ends.</param>
internal sealed class RequestsEndpoint(RequestRecorder recorder, SettingsStore store, ModelCatalog catalog, TimeProvider time, CancellationToken stopping)
{
    /// <summary>The most clients at a time.</summary>
    public const int MaxClients = 16;

    private const int MaxValue = 100;
    private const string EventStream = "text/event-stream";

    // A client that is gone is noticed by this.
    private static readonly TimeSpan CommentInterval = TimeSpan.FromSeconds(15);

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private int _clients;

    public void Map(IEndpointRouteBuilder routes) => routes.MapGet("/engines/requests", HandleAsync).Requires(KeyScopes.Admin);

    private async Task HandleAsync(HttpContext context)
    {
        if (!recorder.IsOn)
        {
            throw new ApiException(ApiError.NotFound(
                "requests are not recorded; set \"requests\": {\"record\": true} in the configuration file", "requests_not_recorded"));
        }

        RequestMembers.CheckSpelling(context.Request.Query, "model", "include_existing");
        bool follows = context.Request.Headers.Accept.ToString() == EventStream;
        bool includesExisting = IsOn(context, "include_existing");
        string? model = (await ModelFilter.ReadAsync(context, catalog)).Reference;
        if (Interlocked.Increment(ref _clients) > MaxClients)
        {
            Interlocked.Decrement(ref _clients);
            throw new ApiException(new ApiError(
                StatusCodes.Status503ServiceUnavailable, $"{MaxClients} clients read the recorded requests already; end one of them", ApiError.Unavailable,
                "too_many_clients"));
        }

        var body = new TimedBody(context.Response, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        try
        {
            context.Response.Headers.CacheControl = "no-store";
            await (follows ? FollowAsync(context, body, model, includesExisting, ended.Token) : ListAsync(context, body, model, ended.Token));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested || context.RequestAborted.IsCancellationRequested)
        {
            // The daemon ends, so there is nothing more to follow, or the client is gone or does not read.
        }
        finally
        {
            Interlocked.Decrement(ref _clients);
        }
    }

    private async Task ListAsync(HttpContext context, TimedBody body, string? only, CancellationToken cancellationToken)
    {
        context.Response.ContentType = "application/json";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter, Options);
        json.WriteStartArray();
        foreach (string model in recorder.Models.Where(model => only is null || model == only))
        {
            // What ends from here on is not in the list.
            long last = recorder.LastOf(model);
            int count = 0;
            RequestsResponse.BeginModel(json, model, ConfigOf(model));
            for (long number = 0; recorder.Next(model, number) is { } next && next.NumberInModel <= last; number = next.NumberInModel, count++)
            {
                RequestsResponse.WriteRecord(json, next);
                await body.DoAsync(token => json.FlushAsync(token), cancellationToken);
            }

            RequestsResponse.EndModel(json, count);
        }

        json.WriteEndArray();
    }

    private async Task FollowAsync(HttpContext context, TimedBody body, string? model, bool includesExisting, CancellationToken cancellationToken)
    {
        HttpResponse response = context.Response;
        response.ContentType = EventStream;
        response.Headers["X-Accel-Buffering"] = "no";
        long seen = recorder.LastOf(model);
        for (long number = 0; includesExisting && recorder.Next(model, number) is { } next && NumberOf(next) <= seen; number = NumberOf(next))
            await SendAsync(body, "existing_request", json => Write(json, next), cancellationToken);

        await SendAsync(body, "connected", static json => Write(json, "status", "connected"), cancellationToken);
        while (recorder.IsOn)
        {
            // Before the reading, so that no end of a request is missed.
            Task changed = recorder.Changed;
            while (recorder.Next(model, seen) is { } next)
            {
                if (NumberOf(next) - seen - 1 is > 0 and var missed)
                {
                    string text = string.Create(CultureInfo.InvariantCulture, $"{missed} requests were left out, because this client reads too slowly");
                    await SendAsync(body, "error", json => Write(json, "error", text), cancellationToken);
                }

                await SendAsync(body, "new_request", json => Write(json, next), cancellationToken);
                seen = NumberOf(next);
            }

            await WaitAsync(body, changed, cancellationToken);
        }

        long NumberOf(RequestRecording recording) => model is null ? recording.Number : recording.NumberInModel;
    }

    private async Task WaitAsync(TimedBody body, Task changed, CancellationToken cancellationToken)
    {
        try
        {
            await changed.WaitAsync(CommentInterval, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            await body.WriteAsync(": no request\n\n"u8.ToArray(), cancellationToken);
        }
    }

    private static async Task SendAsync(TimedBody body, string name, Action<Utf8JsonWriter> write, CancellationToken cancellationToken)
    {
        using var buffer = new MemoryStream();
        buffer.Write(Encoding.ASCII.GetBytes($"event: {name}\ndata: "));
        await using (var json = new Utf8JsonWriter(buffer, Options))
            write(json);
        buffer.Write("\n\n"u8);
        await body.WriteAsync(buffer.GetBuffer().AsMemory(0, (int)buffer.Length), cancellationToken);
    }

    private void Write(Utf8JsonWriter json, RequestRecording recording)
    {
        json.WriteStartArray();
        RequestsResponse.BeginModel(json, recording.Model, ConfigOf(recording.Model));
        RequestsResponse.WriteRecord(json, recording);
        RequestsResponse.EndModel(json, 1);
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, string name, string value)
    {
        json.WriteStartObject();
        json.WriteString(name, value);
        json.WriteEndObject();
    }

    private ModelOverride ConfigOf(string model) => store.Overrides.GetValueOrDefault(model) ?? ModelOverride.None;

    private static bool IsOn(HttpContext context, string name)
    {
        string text = context.Request.Query[name].ToString();
        if (text.Length == 0)
            return context.Request.Query.ContainsKey(name);
        return SwitchText.TryParse(text, out bool isOn)
            ? isOn
            : throw new ApiException(ApiError.Invalid(
                $"\"{PlainText.EscapeAndCut(text, MaxValue)}\" is no value of {name}; write {name}=true or {name}=false", name));
    }
}
