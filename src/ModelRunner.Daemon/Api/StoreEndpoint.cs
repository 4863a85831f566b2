using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Pulling;
using ModelRunner.Daemon.Responses;
using ModelRunner.Daemon.Runners;
using ModelRunner.Store.Layout;

namespace ModelRunner.Daemon.Api;

/// <summary>
/// <c>DELETE /models/NAME</c> removes a model that was pulled, and <c>DELETE /models/purge</c> all of them, in Docker Model Runner's shape. The files of
/// other tools and of the user are never removed. Models that are loaded stay, unless <c>force=true</c> unloads them first.
/// </summary>
internal sealed class StoreEndpoint(ModelPulls pulls, ModelCatalog catalog, StoredModels stored, LoadedModels loaded)
{
    private const int MaxShown = 10;
    private const string Purge = "/models/purge";

    public void Map(IEndpointRouteBuilder routes)
    {
        // Routes ignore the case, and paths are decoded and cleaned before. A name of a model must never remove all of them, so only this very text does.
        routes.MapDelete("/models/{**reference}", context => ModelPath.RawPath(context) == Purge ? PurgeAsync(context) : RemoveAsync(context))
            .WithMetadata(new ListedRoute("", static () => [Purge, "/models/NAME"])).Requires(KeyScopes.Admin);
    }

    private async Task RemoveAsync(HttpContext context)
    {
        string written = ModelPath.Read(context);
        bool isForced = QuerySwitch.Read(context.Request.Query, "force");
        try
        {
            (StoreEntry entry, string? tag) = await stored.FindNamedAsync(
                written, "so its file is not removed here; remove it where it is", context.RequestAborted);
            if (tag is null && entry.Tags.Count > 1 && !isForced)
            {
                throw new ApiException(StoredModels.Conflict(
                    $"the model has the names {string.Join(", ", entry.Tags)}; name one of them, or remove all with force=true"));
            }

            await ReleaseAsync(entry, tag, isForced, Caller.Of(context), context.RequestAborted);
            RemovedModel removed = tag is null
                ? await pulls.Store.RemoveAsync(entry.Id, context.RequestAborted)
                : await pulls.Store.UntagAsync(tag, context.RequestAborted);
            await catalog.FindPulledAsync(context.RequestAborted);
            await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, json => Write(json, removed));
        }
        catch (StoreException failure)
        {
            throw StoredModels.Explain(failure, written);
        }
    }

    private async Task PurgeAsync(HttpContext context)
    {
        bool isForced = QuerySwitch.Read(context.Request.Query, "force");
        try
        {
            IReadOnlyList<StoreEntry> entries = pulls.Store.Read().Entries;
            var runners = new List<RunnerSnapshot>();
            foreach (StoreEntry entry in entries)
                runners.AddRange(await loaded.FindAsync(entry, context.RequestAborted));
            if (runners.Count > 0 && !isForced)
                throw new ApiException(StoredModels.Conflict($"{Describe(runners)} loaded, and nothing was removed; unload first, or send force=true"));
            if (runners.Count > 0)
                await loaded.UnloadAsync(runners, Caller.Of(context));
            foreach (StoreEntry entry in entries)
                await pulls.TryRemoveAsync(entry.Id, context.RequestAborted);
            await catalog.FindPulledAsync(context.RequestAborted);
        }
        catch (StoreException failure)
        {
            throw StoredModels.Explain(failure, "");
        }

        context.Response.ContentLength = 0;
    }

    // The last name, or the one by which the runners are known: without it, a request by another name would load the model again.
    private async Task ReleaseAsync(StoreEntry entry, string? tag, bool isForced, Caller caller, CancellationToken cancellationToken)
    {
        IReadOnlyList<RunnerSnapshot> runners = await loaded.FindAsync(entry, cancellationToken);
        if (tag is not null && entry.Tags.Count > 1)
            runners = LoadedModels.WithMainName(runners, tag);
        if (runners.Count == 0)
            return;
        if (!isForced)
        {
            int requests = runners.Sum(static runner => runner.InFlight);
            throw new ApiException(StoredModels.Conflict(
                $"the model \"{runners[0].Key.Model}\" is loaded (running requests: {requests}); unload it first, or send force=true"));
        }

        await loaded.UnloadAsync(runners, caller);
    }

    private static string Describe(IEnumerable<RunnerSnapshot> runners)
    {
        string[] names = [.. runners.Select(static runner => runner.Key.Model).Distinct(StringComparer.Ordinal)];
        string shown = string.Join(", ", names.Take(MaxShown)) + (names.Length > MaxShown ? ", …" : "");
        return names.Length == 1 ? $"the model {shown} is" : $"the models {shown} are";
    }

    private static void Write(Utf8JsonWriter json, RemovedModel removed)
    {
        json.WriteStartArray();
        foreach (string tag in removed.Untagged)
        {
            json.WriteStartObject();
            json.WriteString("Untagged"u8, tag);
            json.WriteEndObject();
        }

        if (removed.Deleted is { } id)
        {
            json.WriteStartObject();
            json.WriteString("Deleted"u8, id.ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
