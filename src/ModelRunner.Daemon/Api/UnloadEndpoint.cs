using ModelRunner.Configuration;
using ModelRunner.Daemon.Inference;
using ModelRunner.Daemon.Inference.Bodies;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Responses;
using ModelRunner.Daemon.Runners;
using ModelRunner.Linux.Terminals;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Api;

/// <summary><c>POST /engines/unload</c>: stops runners by model, by backend or all, and responds when their processes have ended.</summary>
/// <param name="catalog">The models.</param>
/// <param name="pool">The runners.</param>
/// <param name="backends">The names of backends.</param>
/// <param name="bodies">Reads the request.</param>
/// <param name="hasContexts">Whether there are saved contexts of a model, also of one that is gone.</param>
/// <param name="purge">Removes the saved contexts of models, or of all if there is no list, and returns their number.</param>
internal sealed class UnloadEndpoint(
    ModelCatalog catalog, RunnerPool pool, BackendDirectory backends, RequestBodies bodies, Func<string, bool> hasContexts,
    Func<IReadOnlySet<string>?, int> purge)
{
    private const int MaxName = 200;

    /// <summary>The most bytes of a body; room for some thousand names.</summary>
    private const int MaxBytes = 1 << 20;

    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/engines/unload", HandleAsync).Requires(KeyScopes.Admin);

    private async Task HandleAsync(HttpContext context)
    {
        UnloadRequest request;
        using (RequestBody body = await bodies.ReadAsync(context.Request, MaxBytes, "name fewer models, or set \"all\"", context.RequestAborted))
            request = UnloadRequest.Read(body.Bytes);

        UnloadSelection selection = await SelectAsync(request, context.RequestAborted);
        int attached = pool.Runners.Count(runner => runner.IsAttached && selection.Matches(runner.Key));
        int count = await pool.UnloadAsync(selection, context.RequestAborted, Caller.Of(context).KeyName);

        // After the unload, because it saves contexts.
        int? purged = request.Purges ? purge(selection.Models?.ToHashSet(StringComparer.Ordinal)) : null;
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            json.WriteNumber("unloaded_runners"u8, count);

            if (purged is { } contexts)
                json.WriteNumber("removed_contexts"u8, contexts);

            // Attached runners are not processes of the daemon, so they keep running.
            if (attached > 0)
                json.WriteNumber("attached_runners"u8, attached);
            json.WriteEndObject();
        });
    }

    private async Task<UnloadSelection> SelectAsync(UnloadRequest request, CancellationToken cancellationToken)
    {
        string? backend = request.Backend;
        if (backend is not null && !backends.Names.Contains(backend, StringComparer.Ordinal))
            throw new ApiException(ApiErrors.UnknownBackend(backend, backends.Names));
        if (request.IsAll)
            return new UnloadSelection(backend, null);

        var models = new HashSet<string>(StringComparer.Ordinal);
        foreach (string name in request.Models)
            models.Add(await ResolveAsync(name, request.Purges, cancellationToken));
        return new UnloadSelection(backend, models);
    }

    /// <summary>Finds every name that <c>ps</c> shows, also that of a model whose file was removed.</summary>
    private async Task<string> ResolveAsync(string name, bool purges, CancellationToken cancellationToken)
    {
        ModelLookup lookup = await catalog.FindAsync(name, cancellationToken);
        if (lookup.Model is { } model)
            return model.Reference;
        if (pool.Runners.Any(runner => runner.Key.Model == name))
            return name;
        if (purges && ModelReference.TryParseWritten(name, out ModelReference reference, out _) && hasContexts(reference.ToString()))
            return reference.ToString();

        throw new ApiException(lookup.Reason == ModelLookupReason.Unknown ? Missing(name, lookup) : ApiErrors.OfLookup(lookup) with { Param = "models" });
    }

    // A loaded model is meant more likely than one that is only on the disk.
    private ApiError Missing(string name, ModelLookup lookup)
    {
        IReadOnlyList<string> similar = ModelSuggestion.FindAll(name, pool.Runners.Select(static runner => runner.Key.Model));
        similar = similar.Count > 0 ? similar : lookup.Similar;
        return ApiError.NotFound(Describe, ApiErrors.ModelNotFound, "models") with { Similar = similar };

        string Describe(CallerWords words) => $"there is no model \"{PlainText.EscapeAndCut(name, MaxName)}\" to unload; "
            + (similar.Count > 0 ? Spelling.Question(similar) : $"{words.ListRunners} lists the loaded runners");
    }
}
