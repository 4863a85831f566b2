using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Pulling;
using ModelRunner.Daemon.Responses;
using ModelRunner.Daemon.Runners;
using ModelRunner.Linux.Terminals;
using ModelRunner.Scheduling;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Api;

/// <summary>
/// <c>DELETE /models/NAME</c>: removes a model that was pulled, in Docker Model Runner's shape. The files of other tools and of the user are never
/// removed. A model that is loaded stays, unless <c>force=true</c> unloads it first.
/// </summary>
internal sealed class StoreEndpoint(ModelPulls pulls, ModelCatalog catalog, RunnerPool pool)
{
    private const int MaxName = 200;

    public void Map(IEndpointRouteBuilder routes) => routes.MapDelete("/models/{**reference}", HandleAsync).Requires(KeyScopes.Admin);

    private async Task HandleAsync(HttpContext context)
    {
        string written = Uri.UnescapeDataString(context.Request.RouteValues["reference"] as string ?? "");
        bool isForced = IsForced(context);
        try
        {
            (StoreEntry entry, string? tag) = await FindAsync(written, context.RequestAborted);
            if (tag is null && entry.Tags.Count > 1 && !isForced)
                throw new ApiException(Conflict($"the model has the names {string.Join(", ", entry.Tags)}; name one of them, or remove all with force=true"));

            bool isLast = tag is null || entry.Tags.Count == 1;
            if (isLast)
                await ReleaseAsync(entry, isForced, context.RequestAborted);
            RemovedModel removed = tag is null
                ? await pulls.Store.RemoveAsync(entry.Id, context.RequestAborted)
                : await pulls.Store.UntagAsync(tag, context.RequestAborted);
            await catalog.FindPulledAsync(context.RequestAborted);
            await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, json => Write(json, removed));
        }
        catch (StoreException failure)
        {
            throw new ApiException(failure.Reason == StoreErrorReason.NotFound
                ? Missing(written)
                : new ApiError(StatusCodes.Status500InternalServerError, failure.Message, ApiError.Server));
        }
    }

    // The name may be any spelling that requests may use, or the id of the model or its beginning. What a request would mean is removed, and nothing else.
    private async Task<(StoreEntry Entry, string? Tag)> FindAsync(string written, CancellationToken cancellationToken)
    {
        StoreIndex index = pulls.Store.Read();
        string hex = written.StartsWith("sha256:", StringComparison.Ordinal) ? written["sha256:".Length..] : written;
        if (hex.Length is 12 or 64 && Digest.IsHex(hex) && index.FindByStart(hex) is [var only])
            return (only, null);
        bool isName = ArtifactNameParser.TryParse(written, out ArtifactName? name, out _);
        if (isName && name!.Pin is { } pin)
        {
            StoreEntry pinned = index.Find(pin) ?? throw new ApiException(Missing(written));
            return (pinned, name.HasWrittenTag ? TagOf(pinned, name.ToString()) ?? throw new ApiException(Missing(written)) : null);
        }

        ModelLookup lookup = await catalog.FindAsync(written, cancellationToken);
        StoreEntry? named = isName ? index.Find(name!.ToString()) : null;
        if (lookup.Model is not { } model)
        {
            // A pulled model that cannot be used is no model of requests.
            return named is not null ? (named, TagOf(named, name!.ToString()))
                : throw new ApiException(lookup.Reason == ModelLookupReason.Unknown ? Missing(written) : ApiErrors.OfLookup(lookup));
        }

        string[] meant = [model.Reference, .. model.OtherNames];
        if (named is not null && NamesOf(named).Intersect(meant, StringComparer.Ordinal).Any())
            return (named, TagOf(named, name!.ToString()));
        foreach (string other in meant)
            if (ArtifactNameParser.TryParse(other, out ArtifactName? parsed, out _) && index.Find(parsed!.ToString()) is { } entry)
                return (entry, TagOf(entry, parsed.ToString()));
        throw new ApiException(Conflict($"the model \"{model.Reference}\" was not pulled, so its file is not removed here; remove it where it is"));
    }

    private static string? TagOf(StoreEntry entry, string name) => entry.Tags.FirstOrDefault(tag => tag == name)
        ?? entry.Tags.FirstOrDefault(tag => tag.Equals(name, StringComparison.OrdinalIgnoreCase));

    // The names by which requests find it.
    private static IEnumerable<string> NamesOf(StoreEntry entry) =>
        entry.Tags.Select(static tag => ArtifactNameParser.Parse(tag).ToShortString()).Append($"{Digest.Sha256}:{entry.Id.Short}");

    private async Task ReleaseAsync(StoreEntry entry, bool isForced, CancellationToken cancellationToken)
    {
        // A model of the configuration or of another tool may have the same file, and its name.
        HashSet<string> names = [.. NamesOf(entry)];
        foreach (string name in names.ToArray())
            if ((await catalog.FindAsync(name, cancellationToken)).Model is { } model)
                names.Add(model.Reference);
        RunnerSnapshot[] loaded = [.. pool.Runners.Where(runner => !runner.IsAttached && names.Contains(runner.Key.Model))];
        if (loaded.Length == 0)
            return;
        if (!isForced)
        {
            int requests = loaded.Sum(static runner => runner.InFlight);
            throw new ApiException(Conflict(
                $"the model \"{loaded[0].Key.Model}\" is loaded (running requests: {requests}); unload it first, or send force=true"));
        }

        await pool.UnloadAsync(new UnloadSelection(null, names), cancellationToken);
    }

    private static bool IsForced(HttpContext context)
    {
        string text = context.Request.Query["force"].ToString();
        return text.Length > 0 && (SwitchText.TryParse(text, out bool isOn)
            ? isOn
            : throw new ApiException(ApiError.Invalid("force is neither true nor false", "force")));
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

    private static ApiError Missing(string name) => ApiError.NotFound(
        $"there is no model \"{PlainText.EscapeAndCut(name, MaxName)}\" in the model store; \"model-runner ls\" lists the models", "model_not_found");

    private static ApiError Conflict(string message) => new(StatusCodes.Status409Conflict, message, ApiError.InvalidRequest) { CanRetryHelp = false };
}
