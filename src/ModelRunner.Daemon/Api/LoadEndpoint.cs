using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Pulling;
using ModelRunner.Daemon.Responses;
using ModelRunner.Store.Archives;
using ModelRunner.Store.Layout;

namespace ModelRunner.Daemon.Api;

/// <summary>
/// <c>POST /models/load</c>: loads a model from a tar archive into the store. With <c>?name=NAME</c> it gets this name. The response is the last line of a
/// stream of progress, as of Docker Model Runner, with the id and the names of the model. The end of the daemon ends it.
/// </summary>
internal sealed class LoadEndpoint(ModelPulls pulls, ModelCatalog catalog, TimeProvider time, CancellationToken stopping)
{
    /// <summary>Archives come through pipes, from slow disks and slow programs.</summary>
    private static readonly TimeSpan SlowStart = TimeSpan.FromMinutes(5);

    /// <summary>What a client has to read the error when the daemon ends.</summary>
    private static readonly TimeSpan TimeOfRefusal = TimeSpan.FromSeconds(1);

    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/models/load", HandleAsync).Requires(KeyScopes.Admin);

    private async Task HandleAsync(HttpContext context)
    {
        RequestMembers.CheckSpelling(context.Request.Query, "name");
        string written = context.Request.Query["name"].ToString();
        string? name = written.Length == 0 ? null : NewName.Read(written, "name").ToString();
        ApiErrors.RequireOpenSsl("loading a model");

        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { MinDataRate: { } rate } feature)
            feature.MinDataRate = new Microsoft.AspNetCore.Server.Kestrel.Core.MinDataRate(rate.BytesPerSecond, SlowStart);
        LoadedModel loaded = await LoadAsync(context, name);
        await catalog.FindPulledAsync(context.RequestAborted);
        bool isJson = ProgressResponse.IsJson(context.Request);
        context.Response.ContentType = isJson ? "application/json" : "text/plain; charset=utf-8";
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        var line = new ProgressLine("success", "Model loaded successfully", loaded.TotalBytes, "pull") { Entry = loaded.Entry };
        await context.Response.Body.WriteAsync(ProgressLine.Write(line, isJson), context.RequestAborted);
    }

    // After a response, the server reads the rest of the request. Its client may send nothing more for any time.
    private async Task CloseAsync(IConnectionLifetimeFeature? connection)
    {
        await Task.Delay(TimeOfRefusal, time);
        connection?.Abort();
    }

    private async Task<LoadedModel> LoadAsync(HttpContext context, string? name)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        try
        {
            return await new ArchiveLoader(pulls.Store, pulls.Limits.SpareBytes, time).LoadAsync(context.Request.Body, name, ended.Token);
        }
        catch (ArchiveException failure)
        {
            throw new ApiException(ApiError.Invalid(failure.Message));
        }
        catch (StoreException failure)
        {
            throw new ApiException(StoredModels.OfStore(failure));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            _ = CloseAsync(context.Features.Get<IConnectionLifetimeFeature>());
            const string Ends = "the daemon ends, and keeps nothing of the archive; load it again";
            pulls.LogLoadFailed(Ends);
            throw new ApiException(new ApiError(StatusCodes.Status503ServiceUnavailable, Ends, ApiError.Unavailable));
        }
        catch (Exception failure) when (failure is UnauthorizedAccessException or (IOException and not BadHttpRequestException)
            && !context.RequestAborted.IsCancellationRequested)
        {
            throw new ApiException(StoredModels.OfDisk(failure));
        }
    }
}
