using System.Text;
using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Responses;
using ModelRunner.Daemon.Runners;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Api;

/// <summary>
/// <c>GET /logs</c>: what the engines write, since the last start of each model. With <c>follow</c> the response continues until the client disconnects.
/// </summary>
/// <param name="logs">The outputs.</param>
/// <param name="catalog">Finds models by their names.</param>
/// <param name="time">The clock.</param>
/// <param name="stopping">Cancelled when the daemon ends.</param>
internal sealed class LogsEndpoint(RunnerLogs logs, ModelCatalog catalog, TimeProvider time, CancellationToken stopping)
{
    private const int MaxValue = 100;

    // The engine is not asked: its output is read from memory.
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    public void Map(IEndpointRouteBuilder routes) => routes.MapGet("/logs", HandleAsync).Requires(KeyScopes.Admin);

    private async Task HandleAsync(HttpContext context)
    {
        RequestMembers.CheckSpelling(context.Request.Query, "model", "follow", "format", "no-engines");
        if (IsOn(context, "no-engines"))
        {
            throw new ApiException(ApiError.Invalid(
                "no-engines leaves nothing: these are the logs of the engines; the log of the daemon is its standard error, or logDirectory", "no-engines"));
        }

        bool follows = IsOn(context, "follow");
        bool isJson = FormatOf(context.Request.Query["format"].ToString());
        (string? model, ApiError? unknown) = await ModelFilter.ReadAsync(context, catalog);
        if (!follows && model is not null && logs.List(model).Count == 0)
        {
            throw unknown is not null ? new ApiException(unknown) : new ApiException(ApiError.NotFound(
                words => $"no runner of model \"{PlainText.EscapeAndCut(model, MaxValue)}\" has been started; {words.Follow} waits for one",
                "log_not_found", "model"));
        }

        HttpResponse response = context.Response;
        response.ContentType = isJson ? "application/x-ndjson" : "text/plain; charset=utf-8";
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no";
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        try
        {
            await SendAsync(response, model, follows, isJson, ended.Token);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The daemon ends, so there is nothing more to follow.
        }
    }

    private async Task SendAsync(HttpResponse response, string? model, bool follows, bool isJson, CancellationToken cancellationToken)
    {
        using var follower = new LogFollower(logs, model);
        var body = new TimedBody(response, time);
        using var timer = new PeriodicTimer(Interval, time);

        // A client that follows an idle daemon sees that it is connected.
        await response.StartAsync(cancellationToken);
        await response.Body.FlushAsync(cancellationToken);
        do
        {
            using var text = new MemoryStream();
            foreach ((RunnerLog log, string line) in follower.Read())
                Write(text, log, line, isJson);
            if (text.Length == 0)
                continue;
            await body.WriteAsync(text.GetBuffer().AsMemory(0, (int)text.Length), cancellationToken);
        }
        while (follows && await timer.WaitForNextTickAsync(cancellationToken));
    }

    private static void Write(MemoryStream text, RunnerLog log, string line, bool isJson)
    {
        if (isJson)
        {
            using (var json = new Utf8JsonWriter(text))
            {
                json.WriteStartObject();
                json.WriteString("backend"u8, log.Key.Backend);
                json.WriteString("model"u8, log.Key.Model);
                json.WriteString("mode"u8, ModeText.Format(log.Key.Mode));
                json.WriteString("line"u8, line);
                json.WriteEndObject();
            }
        }
        else
        {
            text.Write(Encoding.UTF8.GetBytes($"{log.Key.Model} ({ModeText.Format(log.Key.Mode)}): {line}"));
        }

        text.WriteByte((byte)'\n');
    }

    private static bool IsOn(HttpContext context, string name)
    {
        string text = context.Request.Query[name].ToString();
        if (text.Length == 0 && !context.Request.Query.ContainsKey(name))
            return false;
        return SwitchText.TryParse(text, out bool isOn)
            ? isOn
            : throw new ApiException(ApiError.Invalid(
                $"\"{PlainText.EscapeAndCut(text, MaxValue)}\" is no value of {name}; write {name}=true or {name}=false", name));
    }

    private static bool FormatOf(string text) => text switch
    {
        "" or "text" => false,
        "json" => true,
        _ => throw new ApiException(ApiError.Invalid(
            $"\"{PlainText.EscapeAndCut(text, MaxValue)}\" is no format of logs; write format=text or format=json", "format")),
    };
}
