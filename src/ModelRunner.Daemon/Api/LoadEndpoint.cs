using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Pulling;
using ModelRunner.Daemon.Responses;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Archives;
using ModelRunner.Store.Layout;

namespace ModelRunner.Daemon.Api;

/// <summary>
/// <c>POST /models/load</c>: loads a model from a tar archive into the store. With <c>?name=NAME</c> it gets this name. The response is the last line of a
/// stream of progress, as of Docker Model Runner, with the id and the names of the model.
/// </summary>
internal sealed class LoadEndpoint(ModelPulls pulls, ModelCatalog catalog, TimeProvider time)
{
    /// <summary>Archives come through pipes, from slow disks and slow programs.</summary>
    private static readonly TimeSpan SlowStart = TimeSpan.FromMinutes(5);

    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/models/load", HandleAsync).Requires(KeyScopes.Admin);

    private async Task HandleAsync(HttpContext context)
    {
        string written = context.Request.Query["name"].ToString();
        string? name = written.Length == 0 ? null : NewName.Read(written, "name").ToString();
        ApiErrors.RequireOpenSsl("loading a model");

        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { MinDataRate: { } rate } feature)
            feature.MinDataRate = new Microsoft.AspNetCore.Server.Kestrel.Core.MinDataRate(rate.BytesPerSecond, SlowStart);
        LoadedModel loaded = await LoadAsync(context.Request.Body, name, context.RequestAborted);
        await catalog.FindPulledAsync(context.RequestAborted);
        bool isJson = ProgressResponse.IsJson(context.Request);
        context.Response.ContentType = isJson ? "application/json" : "text/plain; charset=utf-8";
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        var line = new ProgressLine("success", "Model loaded successfully", loaded.TotalBytes, "pull") { Entry = loaded.Entry };
        await context.Response.Body.WriteAsync(ProgressLine.Write(line, isJson), context.RequestAborted);
    }

    private async Task<LoadedModel> LoadAsync(Stream archive, string? name, CancellationToken cancellationToken)
    {
        try
        {
            return await new ArchiveLoader(pulls.Store, pulls.Limits.SpareBytes, time).LoadAsync(archive, name, cancellationToken);
        }
        catch (ArchiveException failure)
        {
            throw new ApiException(ApiError.Invalid(failure.Message));
        }
        catch (StoreException failure)
        {
            throw new ApiException(StoredModels.OfStore(failure));
        }
        catch (Exception failure) when (failure is UnauthorizedAccessException or (IOException and not BadHttpRequestException)
            && !cancellationToken.IsCancellationRequested)
        {
            bool isFull = failure is IOException full && DiskSpace.IsFull(full);
            throw new ApiException(new ApiError(
                isFull ? StatusCodes.Status507InsufficientStorage : StatusCodes.Status500InternalServerError,
                isFull ? "there is no space left for the model store; make space and load again"
                    : "the model store cannot be written; check the folder in MODELS_PATH, its owner and its disk",
                ApiError.Server));
        }
    }
}
