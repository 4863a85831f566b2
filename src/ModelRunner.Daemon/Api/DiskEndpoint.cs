using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Responses;
using ModelRunner.Store.Layout;

namespace ModelRunner.Daemon.Api;

/// <summary><c>GET /engines/df</c>: what models, engine, state and logs occupy on disk.</summary>
internal sealed class DiskEndpoint(DiskReader disk, DiskModelReader models)
{
    private static readonly string[] ReadMethods = [HttpMethods.Get, HttpMethods.Head];

    public void Map(IEndpointRouteBuilder routes) => routes.MapMethods("/engines/df", ReadMethods, HandleAsync).Requires(KeyScopes.Admin);

    // The members of Docker Model Runner first, then ours.
    private async Task HandleAsync(HttpContext context)
    {
        // The models come first, because that waits for the scans of changes.
        DiskModels found = await models.ReadAsync(context.RequestAborted);
        DiskReport report = await disk.ReadAsync(context.RequestAborted);
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            json.WriteNumber("models_disk_usage"u8, report.Models);
            json.WriteNumber("default_backend_disk_usage"u8, report.Engine);
            json.WriteNumber("state_disk_usage"u8, report.State);
            json.WriteNumber("logs_disk_usage"u8, report.Logs);
            if (report.IsIncomplete)
                json.WriteBoolean("incomplete"u8, true);
            Write(json, found);
            json.WriteEndObject();
        });
    }

    private static void Write(Utf8JsonWriter json, DiskModels found)
    {
        json.WriteNumber("all_models_bytes"u8, found.TotalBytes);
        json.WriteStartArray("models"u8);
        foreach (ModelSpace model in found.Models)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, model.Source.Reference.ToString());
            json.WriteStartArray("origins"u8);
            foreach (string origin in model.Source.Origins)
                json.WriteStringValue(origin);
            json.WriteEndArray();
            json.WriteNumber("bytes"u8, model.Bytes);
            json.WriteNumber("shared_bytes"u8, model.SharedBytes);
            DateTimeOffset? last = found.LastUsed is { } used
                ? model.Source.Names.Where(used.ContainsKey).Max(name => (DateTimeOffset?)used[name])
                : null;
            json.WriteString("last_used"u8, last is { } time ? UsageEndpoint.Format(time) : null);

            // A runner keeps the name with which it was started.
            json.WriteBoolean("loaded"u8, model.Source.Names.Any(found.Loaded.Contains));
            json.WriteStartArray("draft_of"u8);
            foreach (string drafting in model.Source.Names.SelectMany(name => found.DraftOf[name]).Distinct(StringComparer.Ordinal))
                json.WriteStringValue(drafting);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        Write(json, "partial_files", found.Leftovers.Where(static file => file.Kind == LeftoverKind.Partial));
        Write(json, "unreferenced_files", found.Leftovers.Where(static file => file.Kind is LeftoverKind.Unreferenced or LeftoverKind.Unfinished));
        Write(json, "damaged_files", found.Leftovers.Where(static file => file.Kind == LeftoverKind.Damaged));
    }

    private static void Write(Utf8JsonWriter json, string name, IEnumerable<StoreLeftover> files)
    {
        StoreLeftover[] all = [.. files];
        json.WriteStartObject(name);
        json.WriteNumber("count"u8, all.Length);
        json.WriteNumber("bytes"u8, all.Sum(static file => file.Bytes));
        json.WriteEndObject();
    }
}
