using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Inference.Bodies;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Responses;
using ModelRunner.Store.Layout;

namespace ModelRunner.Daemon.Api;

/// <summary><c>POST /models/prune</c>: removes partial files, files without a model, and the models that the query chooses.</summary>
internal sealed class PruneEndpoint(StorePruner pruner, RequestBodies bodies)
{
    private const int MaxBytes = 64 * 1024;

    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/models/prune", HandleAsync).Requires(KeyScopes.Admin);

    private async Task HandleAsync(HttpContext context)
    {
        PruneLimits limits = PruneLimits.Read(context.Request.Query);
        using (RequestBody body = await bodies.ReadAsync(context.Request, MaxBytes, PruneLimits.BodyRemedy, context.RequestAborted))
            PruneLimits.CheckBody(body.Bytes);
        PruneOutcome outcome;
        try
        {
            outcome = await pruner.PruneAsync(limits, context.RequestAborted);
        }
        catch (StoreException failure)
        {
            throw new ApiException(StoredModels.OfStore(failure));
        }
        catch (IOException failure)
        {
            throw new ApiException(new ApiError(
                StatusCodes.Status503ServiceUnavailable, $"it is not known which models were used: {failure.Message}", ApiError.Unavailable, "ledger_down",
                RetryAfter: TimeSpan.FromSeconds(5)));
        }

        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            json.WriteBoolean("dry_run"u8, limits.IsDryRun);
            json.WriteNumber("freed_bytes"u8, outcome.Removed.Sum(static item => item.Bytes));
            json.WriteNumber("models_bytes"u8, outcome.Bytes);
            if (limits.KeepUnder is { } limit)
                json.WriteNumber("over_limit_bytes"u8, Math.Max(0, outcome.Bytes - limit));
            Write(json, "removed", outcome.Removed);
            Write(json, "kept", outcome.Kept);
            json.WriteEndObject();
        });
    }

    private static void Write(Utf8JsonWriter json, string name, IReadOnlyList<PrunedItem> items)
    {
        json.WriteStartArray(name);
        foreach (PrunedItem item in items)
        {
            json.WriteStartObject();
            json.WriteString("kind"u8, item.Kind);
            json.WriteString("name"u8, item.Name);
            if (item.Entry is { } entry)
                json.WriteString("id"u8, entry.Id.ToString());
            json.WriteNumber("bytes"u8, item.Bytes);
            json.WriteString("reason"u8, item.Reason);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
