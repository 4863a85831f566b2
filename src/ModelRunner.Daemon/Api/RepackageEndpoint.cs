using ModelRunner.Daemon.Inference.Bodies;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Pulling;
using ModelRunner.Daemon.Responses;
using ModelRunner.Store.Archives;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Pulls;

namespace ModelRunner.Daemon.Api;

/// <summary>
/// <c>POST /models/NAME/repackage</c> with <c>{"target": "…", "context_size": N}</c>: gives the layers of a pulled model another configuration under
/// another name. Without a context size, the model gets one more name.
/// </summary>
internal sealed class RepackageEndpoint(ModelPulls pulls, ModelCatalog catalog, StoredModels stored, RequestBodies bodies, TimeProvider time)
{
    private const int MaxBytes = 64 * 1024;
    private const string Remedy = "and only pulled models can be repackaged; set contextSize of the model in the configuration";

    public void AddTo(ModelActions actions) => actions.Add(HttpMethods.Post, "repackage", HandleAsync);

    private async Task HandleAsync(HttpContext context, string written)
    {
        RepackageRequest request;
        using (RequestBody body = await bodies.ReadAsync(context.Request, MaxBytes, RepackageRequest.Example, context.RequestAborted))
            request = RepackageRequest.Read(body.Bytes);
        ApiErrors.RequireOpenSsl("repackaging a model");

        string target = request.Target.ToString();
        try
        {
            if (request.ContextSize is { } tokens)
            {
                (StoreEntry entry, string? _) = await stored.FindAsync(written, Remedy, context.RequestAborted);
                await CheckContextAsync(entry, tokens, context.RequestAborted);
                await new ModelRepackager(pulls.Store, time).RepackageAsync(entry, target, tokens, context.RequestAborted);
            }
            else
            {
                await stored.TagAsync(written, target, Remedy, context.RequestAborted);
            }
        }
        catch (UnsupportedModelException failure)
        {
            throw new ApiException(ApiError.Invalid(failure.Message));
        }
        catch (StoreException failure)
        {
            throw StoredModels.Explain(failure, written);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ApiException(StoredModels.OfDisk(failure));
        }

        await catalog.FindPulledAsync(context.RequestAborted);
        await JsonResponse.WriteAsync(context, StatusCodes.Status201Created, json =>
        {
            json.WriteStartObject();
            json.WriteString("message"u8, $"Model repackaged successfully as \"{target}\"");
            json.WriteString("source"u8, written);
            json.WriteString("target"u8, target);
            json.WriteEndObject();
        });
    }

    // Runners never get more than the model was trained for, so a larger number would be without effect. A file that cannot be read now says nothing.
    private async Task CheckContextAsync(StoreEntry entry, int tokens, CancellationToken cancellationToken)
    {
        ModelLookup lookup = await catalog.FindAsync(entry.Id.ToString(), cancellationToken);
        if (lookup.Model?.Header is { ContextLength: > 0 and var trained } && tokens > trained)
            throw new ApiException(ApiError.Invalid(
                words => $"a context of {tokens} tokens is more than the {trained} for which the model was trained, and runners never get more; "
                    + $"{words.Send} at most {trained}", "context_size"));
    }
}
