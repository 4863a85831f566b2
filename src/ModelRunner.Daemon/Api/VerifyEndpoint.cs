using ModelRunner.Configuration;
using ModelRunner.Daemon.Inference.Bodies;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Pulling;
using ModelRunner.Daemon.Responses;
using ModelRunner.Store.Checks;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Api;

/// <summary>
/// <c>POST /models/verify</c> with <c>{"models": ["…"]}</c>, or without a body for all models of the store: hashes their files. The response is a stream of
/// progress, and its last line has the result. A client that leaves ends its check, and so does the end of the daemon.
/// </summary>
internal sealed class VerifyEndpoint(
    ModelPulls pulls, ModelCatalog catalog, StoredModels stored, LoadedModels loaded, RequestBodies bodies, TimeProvider time, CancellationToken stopping)
{
    private const int MaxBytes = 64 * 1024;
    private const string Remedy = "so it is not known which bytes its file should have";

    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/models/verify", HandleAsync).Requires(KeyScopes.Admin);

    private async Task HandleAsync(HttpContext context)
    {
        VerifyRequest request;
        using (RequestBody body = await bodies.ReadAsync(context.Request, MaxBytes, VerifyRequest.Example, context.RequestAborted))
            request = VerifyRequest.Read(body.Bytes);
        ApiErrors.RequireOpenSsl("verifying models");

        var check = new StoreCheck(await FindAsync(request.Models, context.RequestAborted));
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        Task<IReadOnlyList<CheckedModel>> checking = Task.Run(() => CheckAsync(check, ended.Token), CancellationToken.None);
        try
        {
            await SendAsync(context, check, checking);
        }
        finally
        {
            await ended.CancelAsync();
            await ((Task)checking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<IReadOnlyList<StoreEntry>> FindAsync(IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        string written = "";
        try
        {
            if (names.Count == 0)
                return pulls.Store.Read().Entries;
            var found = new Dictionary<Digest, StoreEntry>();
            foreach (string name in names)
            {
                (StoreEntry entry, string? _) = await stored.FindAsync(written = name, Remedy, cancellationToken);
                found[entry.Id] = entry;
            }

            return [.. found.Values];
        }
        catch (StoreException failure)
        {
            throw StoredModels.Explain(failure, written);
        }
    }

    private async Task<IReadOnlyList<CheckedModel>> CheckAsync(StoreCheck check, CancellationToken cancellationToken)
    {
        try
        {
            IReadOnlyList<CheckedModel> models = await pulls.Checks.RunAsync(check, IsLoadedAsync, cancellationToken);
            foreach (CheckedModel model in models)
                foreach (CheckedFile file in model.Bad.Where(static file => !file.HasEffect))
                    pulls.LogDamaged(model.Entry, file);
            return models;
        }
        finally
        {
            // Damage that is only remembered, or no longer, changes no file that is watched. A client that left has changed it too.
            await catalog.FindPulledAsync(stopping);
        }
    }

    private async Task<bool> IsLoadedAsync(StoreEntry entry, CancellationToken cancellationToken)
    {
        IReadOnlyList<ModelSource> found = await catalog.ListFoundAsync(cancellationToken);
        return loaded.Find(entry, found).Count > 0 || loaded.FindDrafting(entry, found).Count > 0;
    }

    private async Task SendAsync(HttpContext context, StoreCheck check, Task<IReadOnlyList<CheckedModel>> checking)
    {
        using var timer = new PeriodicTimer(ProgressResponse.Interval, time);
        bool isJson = ProgressResponse.IsJson(context.Request);
        var stream = new CheckStream(check, isJson);
        HttpResponse response = context.Response;
        ProgressResponse.Begin(response, isJson);
        while (!checking.IsCompleted)
        {
            await ProgressResponse.WriteAsync(response, stream.ReadProgress(), context.RequestAborted);
            await ProgressResponse.TickAsync(timer, checking, context.RequestAborted);
        }

        if (checking.IsCanceled)
        {
            await ProgressResponse.WriteAsync(response, stream.WriteCancelled(), context.RequestAborted);
            return;
        }

        IReadOnlyList<CheckedModel> models = await checking;
        await ProgressResponse.WriteAsync(response, [.. stream.ReadProgress(), .. stream.WriteEnd(models)], context.RequestAborted);
    }
}
