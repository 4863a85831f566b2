using System.Globalization;
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
    private const string Remedy = "so its file is not removed here; remove it where it is";

    /// <summary>How often one removal unloads a model.</summary>
    private const int MaxUnloads = 2;

    public void Map(IEndpointRouteBuilder routes)
    {
        // Routes ignore the case, and paths are decoded and cleaned before. A name of a model must never remove all of them, so only this very text does.
        routes.MapDelete("/models/{**reference}", context => ModelPath.RawPath(context) == Purge ? PurgeAsync(context) : RemoveAsync(context))
            .WithMetadata(new ListedRoute("", static () => [Purge, "/models/NAME"])).Requires(KeyScopes.Admin);
    }

    private async Task RemoveAsync(HttpContext context)
    {
        string written = ModelPath.Read(context);
        RequestMembers.CheckSpelling(context.Request.Query, "force");
        bool isForced = QuerySwitch.Read(context.Request.Query, "force");
        try
        {
            // A mistake of the client needs neither a lock nor a store that can be written.
            await stored.FindNamedAsync(written, Remedy, context.RequestAborted);
            IReadOnlyList<RemovedModel> removed = await RemoveAsync(
                list => ChooseAsync(list, written, isForced, context.RequestAborted), Caller.Of(context), context.RequestAborted);
            await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, json => Write(json, removed[0]));
        }
        catch (StoreException failure)
        {
            throw StoredModels.Explain(failure, written);
        }
    }

    private async Task PurgeAsync(HttpContext context)
    {
        RequestMembers.CheckSpelling(context.Request.Query, "force");
        bool isForced = QuerySwitch.Read(context.Request.Query, "force");
        try
        {
            if (pulls.Store.Read().Entries.Count > 0)
                await RemoveAsync(list => ChooseAllAsync(list, isForced, context.RequestAborted), Caller.Of(context), context.RequestAborted);
            else
                await catalog.FindPulledAsync(context.RequestAborted);
        }
        catch (StoreException failure)
        {
            throw StoredModels.Explain(failure, "");
        }

        context.Response.ContentLength = 0;
    }

    // Runners need time to end, so the lock is given back meanwhile, and then all is decided again. From the first decision until requests no longer find the
    // models, no runner is started with their files. A model whose runner cannot be ended is removed all the same: it has opened its files.
    private async Task<IReadOnlyList<RemovedModel>> RemoveAsync(
        Func<StoreIndex, Task<ModelRemoval>> choose, Caller caller, CancellationToken cancellationToken)
    {
        var kept = new List<IDisposable>();
        try
        {
            for (int unloads = 0; ; unloads++)
            {
                IReadOnlyList<RunnerSnapshot> runners = [];
                IReadOnlyList<RemovedModel> removed = await pulls.Store.RemoveAsync(
                    async list =>
                    {
                        (IReadOnlyList<(StoreEntry, string?)> chosen, _) = await choose(list);
                        kept.Add(await loaded.KeepUnloadedAsync(pulls.Store.FindFilesToRemove(chosen, list), cancellationToken));

                        // A runner may have been started between the two.
                        (chosen, runners) = await choose(list);
                        return runners.Count == 0 || unloads == MaxUnloads ? chosen : [];
                    },
                    cancellationToken);
                if (runners.Count == 0 || unloads == MaxUnloads)
                {
                    await catalog.FindPulledAsync(cancellationToken);
                    return removed;
                }

                await loaded.UnloadAsync(runners, caller);
            }
        }
        finally
        {
            kept.ForEach(static files => files.Dispose());
        }
    }

    private async Task<ModelRemoval> ChooseAsync(StoreIndex list, string written, bool isForced, CancellationToken cancellationToken)
    {
        (StoreEntry entry, string? tag) = await stored.FindNamedInAsync(list, written, Remedy, cancellationToken);
        if (tag is null && entry.Tags.Count > 1 && !isForced)
        {
            throw new ApiException(StoredModels.Conflict(
                words => $"the model has the names {string.Join(", ", entry.Tags)}; name one of them, or remove all with {words.Force}"));
        }

        // The last name, or the one by which the runners are known: without it, a request by another name would load the model again.
        IReadOnlyList<ModelSource> found = await catalog.ListFoundAsync(cancellationToken);
        (IReadOnlyList<RunnerSnapshot> runners, IReadOnlyList<RunnerSnapshot> drafting) = (loaded.Find(entry, found), loaded.FindDrafting(entry, found));
        if (tag is not null && entry.Tags.Count > 1)
            (runners, drafting) = (LoadedModels.WithMainName(runners, tag), LoadedModels.WithDraftName(drafting, tag));
        if (runners.Count > 0 && !isForced)
        {
            throw new ApiException(StoredModels.Conflict(
                words => $"the model \"{runners[0].Key.Model}\" is loaded ({DescribeUse(runners)}); unload it first, or {words.SendForce}"));
        }

        if (drafting.Count > 0 && !isForced)
        {
            throw new ApiException(StoredModels.Conflict(
                words => $"{DescribeDrafting(drafting)} ({DescribeUse(drafting)}); unload {drafting[0].Key.Model} first, or {words.SendForce}"));
        }

        return new ModelRemoval([(entry, tag)], [.. runners, .. drafting]);
    }

    private static string DescribeDrafting(IReadOnlyList<RunnerSnapshot> runners) =>
        $"the model \"{LoadedModels.DraftOf(runners[0])!.Reference}\" is the draft model of {NamesOf(runners, out int count)}, "
        + $"which {(count == 1 ? "is" : "are")} loaded";

    private static string DescribeUse(IReadOnlyList<RunnerSnapshot> runners)
    {
        string[] keys = [.. runners.SelectMany(static runner => runner.Users?.Names ?? []).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        string owners = keys.Length == 0 ? "" : $" with the {(keys.Length == 1 ? "key" : "keys")} {string.Join(", ", keys)}";
        return string.Create(CultureInfo.InvariantCulture, $"running requests: {runners.Sum(static runner => runner.InFlight)}{owners}");
    }

    private async Task<ModelRemoval> ChooseAllAsync(StoreIndex list, bool isForced, CancellationToken cancellationToken)
    {
        await catalog.FollowAsync(list, cancellationToken);
        IReadOnlyList<ModelSource> found = await catalog.ListFoundAsync(cancellationToken);
        RunnerSnapshot[] runners = [.. list.Entries.SelectMany(entry => loaded.Find(entry, found))];
        if (runners.Length > 0 && !isForced)
        {
            throw new ApiException(StoredModels.Conflict(
                words => $"{Describe(runners)} loaded, and nothing was removed; unload first, or {words.SendForce}"));
        }

        RunnerSnapshot[] drafting = [.. list.Entries.SelectMany(entry => loaded.FindDrafting(entry, found)).DistinctBy(static runner => runner.Id)];
        if (drafting.Length > 0 && !isForced)
        {
            throw new ApiException(StoredModels.Conflict(
                words => $"{DescribeDrafting(drafting)}, and nothing was removed; unload first, or {words.SendForce}"));
        }

        return new ModelRemoval([.. list.Entries.Select(static entry => (entry, (string?)null))], [.. runners, .. drafting]);
    }

    private static string Describe(IEnumerable<RunnerSnapshot> runners)
    {
        string shown = NamesOf(runners, out int count);
        return count == 1 ? $"the model {shown} is" : $"the models {shown} are";
    }

    private static string NamesOf(IEnumerable<RunnerSnapshot> runners, out int count)
    {
        string[] names = [.. runners.Select(static runner => runner.Key.Model).Distinct(StringComparer.Ordinal)];
        count = names.Length;
        return string.Join(", ", names.Take(MaxShown)) + (names.Length > MaxShown ? ", …" : "");
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
