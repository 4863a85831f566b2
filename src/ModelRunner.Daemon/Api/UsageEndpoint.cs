using System.Globalization;
using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Ledger;
using ModelRunner.Daemon.Responses;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Api;

/// <summary><c>GET /usage</c>: requests, tokens and times from the ledger, by model, mode, key, day or hour.</summary>
internal sealed class UsageEndpoint(RequestLedger ledger, TimeProvider time)
{
    private const int MaxValue = 100;

    private static readonly string[] ReadMethods = [HttpMethods.Get, HttpMethods.Head];

    public void Map(IEndpointRouteBuilder routes) => routes.MapMethods("/usage", ReadMethods, HandleAsync).Requires(KeyScopes.Admin);

    private async Task HandleAsync(HttpContext context)
    {
        RequestMembers.Check(context.Request.Query, "by", "since");
        string by = context.Request.Query["by"].ToString() is { Length: > 0 } written ? written : "model";
        UsageGroup group = GroupOf(by);
        DateTimeOffset now = time.GetUtcNow();
        DateTimeOffset? since = SinceOf(context.Request.Query["since"].ToString(), now);
        LedgerReading<IReadOnlyList<UsageRow>> report;
        try
        {
            long? hour = since is { } first ? LedgerSums.HourOf(first) : null;
            report = await ledger.ReadAsync(database => UsageReport.Read(database, group, hour), context.RequestAborted);
        }
        catch (IOException failure)
        {
            throw new ApiException(new ApiError(
                StatusCodes.Status503ServiceUnavailable, failure.Message, ApiError.Unavailable, "ledger_down", RetryAfter: TimeSpan.FromSeconds(5)));
        }

        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, json => Write(json, by, since, now, report));
    }

    private static UsageGroup GroupOf(string by) => by switch
    {
        "model" => UsageGroup.Model,
        "mode" => UsageGroup.Mode,
        "day" => UsageGroup.Day,
        "hour" => UsageGroup.Hour,
        "key" => UsageGroup.Key,
        _ => throw new ApiException(ApiError.Invalid(
            $"\"{PlainText.EscapeAndCut(by, MaxValue)}\" is no group of a usage report; write by=model, mode, key, day or hour", "by")),
    };

    // The sums are of whole hours, so a report begins with one.
    private static DateTimeOffset? SinceOf(string text, DateTimeOffset now)
    {
        if (text.Length == 0)
            return null;
        if (DurationText.LacksUnit(text))
        {
            string number = PlainText.EscapeAndCut(text, MaxValue).Trim();
            throw new ApiException(ApiError.Invalid($"\"{number}\" has no unit; write since={number}s, {number}m, {number}h or {number}d", "since"));
        }

        if (!DurationText.TryParse(text, out TimeSpan age) || age < TimeSpan.Zero)
        {
            throw new ApiException(ApiError.Invalid(
                $"\"{PlainText.EscapeAndCut(text, MaxValue)}\" is no duration of at most 3650 days; write since=24h or since=7d", "since"));
        }

        DateTimeOffset first = now - age;
        return first - TimeSpan.FromTicks(first.Ticks % TimeSpan.TicksPerHour);
    }

    private static void Write(
        Utf8JsonWriter json, string by, DateTimeOffset? since, DateTimeOffset now, LedgerReading<IReadOnlyList<UsageRow>> report)
    {
        json.WriteStartObject();
        json.WriteString("by"u8, by);
        json.WriteString("since"u8, since is { } first ? Format(first) : null);
        json.WriteString("until"u8, Format(now));
        WriteRows(json, by, report.Unstored is { } rest ? UsageReport.Add(report.Stored, rest.Value) : report.Stored);
        if (report.Unstored is { } unstored)
        {
            json.WriteStartObject("not_stored"u8);
            json.WriteString("cause"u8, unstored.Cause);
            WriteRows(json, by, unstored.Value);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteRows(Utf8JsonWriter json, string by, IReadOnlyList<UsageRow> rows)
    {
        json.WriteStartArray("rows"u8);
        foreach (UsageRow row in rows)
        {
            json.WriteStartObject();
            if (row.Backend is { } backend)
                json.WriteString("backend"u8, backend);
            json.WriteString(by, row.Name);
            json.WriteNumber("requests"u8, row.Requests);
            json.WriteNumber("completed"u8, row.Completed);
            json.WriteNumber("prompt_tokens"u8, row.Prompt);
            json.WriteNumber("cached_tokens"u8, row.Cached);
            json.WriteNumber("generated_tokens"u8, row.Generated);
            json.WriteNumber("unconfirmed_tokens"u8, row.Unconfirmed);
            json.WriteNumber("duration_seconds"u8, row.Duration.TotalSeconds);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>A time as responses have it: UTC, in whole seconds.</summary>
    internal static string Format(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
