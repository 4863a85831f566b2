using System.Globalization;
using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Responses;
using ModelRunner.Daemon.Runners;
using ModelRunner.Linux.Terminals;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Api;

/// <summary><c>GET /engines/decisions</c>: why runners were started, stopped and refused, and with which numbers.</summary>
internal sealed class DecisionsEndpoint(DecisionLog log, ModelCatalog catalog, CauseText causes)
{
    private const int DefaultLimit = 100;
    private const int MaxValue = 100;

    private static readonly string[] ReadMethods = [HttpMethods.Get, HttpMethods.Head];

    public void Map(IEndpointRouteBuilder routes) => routes.MapMethods("/engines/decisions", ReadMethods, HandleAsync).Requires(KeyScopes.Admin);

    private async Task HandleAsync(HttpContext context)
    {
        RequestMembers.Check(context.Request.Query, "model", "limit");
        ModelFilter model = await ModelFilter.ReadAsync(context, catalog);
        int limit = LimitOf(context.Request.Query["limit"].ToString());
        IReadOnlyList<Decision> decisions = log.List(model.Reference, limit);
        if (decisions.Count == 0 && model.Unknown is { } unknown)
            throw new ApiException(unknown);
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, json => Write(json, decisions));
    }

    private static int LimitOf(string text)
    {
        if (text.Length == 0)
            return DefaultLimit;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) && limit is >= 1 and <= DecisionLog.MaxDecisions
            ? limit
            : throw new ApiException(ApiError.Invalid(
                $"\"{PlainText.EscapeAndCut(text, MaxValue)}\" is not a valid number of decisions; write limit=1 to limit={DecisionLog.MaxDecisions}",
                "limit"));
    }

    private void Write(Utf8JsonWriter json, IReadOnlyList<Decision> decisions)
    {
        json.WriteStartObject();
        json.WriteStartArray("decisions"u8);
        foreach (Decision decision in decisions)
            Write(json, decision);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void Write(Utf8JsonWriter json, Decision decision)
    {
        json.WriteStartObject();
        json.WriteString("time"u8, decision.Time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture));
        json.WriteString("decision"u8, LabelOf(decision.Kind));
        json.WriteString("backend"u8, decision.Key.Backend);
        json.WriteString("model"u8, decision.Key.Model);
        json.WriteString("mode"u8, ModeText.Format(decision.Key.Mode));
        if (decision.Reason is { } reason)
            json.WriteString("reason"u8, reason);
        if (decision.Other is { } other)
            json.WriteString("other_model"u8, other.Model);
        if (decision.By is { } key)
            json.WriteString("key"u8, key);
        if (decision.RequestId is { } request)
            json.WriteString("request_id"u8, request);
        json.WriteString("text"u8, causes.WithoutFolders(decision.Text));
        json.WriteNumber("count"u8, decision.Count);
        if (decision.Capacity is { } capacity)
            Write(json, capacity);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, CapacityReading capacity)
    {
        json.WriteNumber("needed_bytes"u8, capacity.NeededBytes);
        json.WriteNumber("measured_loads"u8, capacity.MeasuredLoads);
        json.WriteNumber("used_bytes"u8, capacity.UsedBytes);
        if (capacity.LimitBytes is { } limit)
            json.WriteNumber("limit_bytes"u8, limit);
        json.WriteNumber("runners"u8, capacity.Runners);
        json.WriteNumber("max_runners"u8, capacity.MaxRunners);
        if (capacity.Cards.Count > 0)
            WriteCards(json, capacity);
    }

    private static void WriteCards(Utf8JsonWriter json, CapacityReading capacity)
    {
        json.WriteNumber("beside_gpu_bytes"u8, capacity.SpilledBytes);
        json.WriteStartArray("gpus"u8);
        foreach (CardReading card in capacity.Cards)
        {
            json.WriteStartObject();
            json.WriteString("gpu"u8, card.Card);
            json.WriteNumber("needed_bytes"u8, card.NeededBytes);
            json.WriteNumber("used_bytes"u8, card.UsedBytes);
            if (card.LimitBytes is { } limit)
                json.WriteNumber("limit_bytes"u8, limit);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string LabelOf(DecisionKind kind) => kind switch
    {
        DecisionKind.Start => "start",
        DecisionKind.Ready => "ready",
        DecisionKind.Wait => "wait",
        DecisionKind.Stop => "stop",
        DecisionKind.Fail => "fail",
        DecisionKind.Stall => "stall",
        DecisionKind.Refuse => "refuse",
        DecisionKind.Configure => "configure",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a kind of the list."),
    };
}
