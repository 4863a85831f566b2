using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Pulling;
using ModelRunner.Daemon.Responses;
using ModelRunner.Linux.Terminals;
using ModelRunner.Store.HuggingFace;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Api;

/// <summary>Finds the pulled model that a name of a client means: the one that a request would use, or the one with an id.</summary>
internal sealed class StoredModels(ModelPulls pulls, ModelCatalog catalog)
{
    private const int MaxName = 200;

    /// <summary>
    /// Finds a model of the store. The name may be any spelling that requests may use, or the id of the model, or the first 12 digits of it. What a request
    /// would mean is found, and nothing else.
    /// </summary>
    /// <param name="written">The name as the client wrote it.</param>
    /// <param name="remedy">For a model that was not pulled: what is not done with it, and what to do, for example "so its file is not removed".</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The model, and the one of its names that was meant; null: its id was written.</returns>
    /// <exception cref="ApiException">There is no such model, or it was not pulled.</exception>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async Task<(StoreEntry Entry, string? Tag)> FindAsync(string written, string remedy, CancellationToken cancellationToken)
    {
        StoreIndex index = pulls.Store.Read();
        if (FindById(index, written) is { } only)
            return (only, null);
        bool isName = ArtifactNameParser.TryParse(written, out ArtifactName? name, out _);
        if (isName && name!.Pin is { } pin)
        {
            StoreEntry pinned = index.Find(pin) ?? throw new ApiException(Missing(written));
            return (pinned, name.HasWrittenTag ? TagOf(pinned, name.ToString()) ?? throw new ApiException(Missing(written)) : null);
        }

        ModelLookup lookup = await catalog.FindAsync(written, cancellationToken);
        string? full = isName ? HubTag.StoredName(name!) : null;
        StoreEntry? named = full is null ? null : index.Find(full);
        if (lookup.Model is not { } model)
        {
            // A pulled model that cannot be used is no model of requests.
            return named is not null ? (named, TagOf(named, full!))
                : throw new ApiException(lookup.Reason == ModelLookupReason.Unknown ? Missing(written) : ApiErrors.OfLookup(lookup));
        }

        if (named is not null && NamesOf(named).Intersect([model.Reference, .. model.OtherNames], StringComparer.Ordinal).Any())
            return (named, TagOf(named, full!));
        return Find(index, model) ?? throw new ApiException(Conflict($"the model \"{model.Reference}\" was not pulled, {remedy}"));
    }

    /// <summary>The pulled model that a model of requests is, with its name in the store; null: it was not pulled.</summary>
    public static (StoreEntry Entry, string? Tag)? Find(StoreIndex index, ModelEntry model)
    {
        foreach (string other in (string[])[model.Reference, .. model.OtherNames])
        {
            if (FindById(index, other) is { } untagged)
                return (untagged, null);
            if (ArtifactNameParser.TryParse(other, out ArtifactName? parsed, out _) && index.Find(parsed!.ToString()) is { } entry)
                return (entry, TagOf(entry, parsed.ToString()));
        }

        return null;
    }

    /// <summary>The model with an id, which may be written without its algorithm or with its first 12 digits only; null: there is none.</summary>
    public static StoreEntry? FindById(StoreIndex index, string written)
    {
        string hex = written.StartsWith("sha256:", StringComparison.Ordinal) ? written["sha256:".Length..] : written;
        return hex.Length is 12 or 64 && Digest.IsHex(hex) && index.FindByStart(hex) is [var only] ? only : null;
    }

    /// <summary>The names by which requests find a model of the store.</summary>
    public static IEnumerable<string> NamesOf(StoreEntry entry) =>
        entry.Tags.Select(static tag => ArtifactNameParser.TryParse(tag, out ArtifactName? name, out _) ? name!.ToShortString() : null).OfType<string>()
            .Append($"{Digest.Sha256}:{entry.Id.Short}");

    /// <summary>The model is not in the store.</summary>
    public static ApiError Missing(string name) => ApiError.NotFound(
        $"there is no model \"{PlainText.EscapeAndCut(name, MaxName)}\" in the model store; \"model-runner ls\" lists the models", ApiErrors.ModelNotFound);

    /// <summary>The state of the model does not allow it.</summary>
    public static ApiError Conflict(string message) => new(StatusCodes.Status409Conflict, message, ApiError.InvalidRequest) { CanRetryHelp = false };

    /// <summary>The store failed.</summary>
    public static ApiException Explain(StoreException failure, string written) => new(failure.Reason == StoreErrorReason.NotFound
        ? Missing(written)
        : OfStore(failure));

    /// <summary>The error of a request that changes the store.</summary>
    public static ApiError OfStore(StoreException failure) => failure.Reason switch
    {
        StoreErrorReason.NoSpace => new ApiError(StatusCodes.Status507InsufficientStorage, failure.Message, ApiError.Server) { CanRetryHelp = false },
        StoreErrorReason.Busy => new ApiError(StatusCodes.Status409Conflict, failure.Message, ApiError.InvalidRequest),
        _ => new ApiError(StatusCodes.Status500InternalServerError, failure.Message, ApiError.Server),
    };

    private static string? TagOf(StoreEntry entry, string name) => entry.Tags.FirstOrDefault(tag => tag == name)
        ?? entry.Tags.FirstOrDefault(tag => tag.Equals(name, StringComparison.OrdinalIgnoreCase));
}
