using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Pulling;
using ModelRunner.Daemon.Responses;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Terminals;
using ModelRunner.Store.Foreign;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Api;

/// <summary>
/// Finds the pulled model that a name of a client means: the one that a request would use, or the one with an id. Whoever changes the store finds the model
/// in the list that it has under the lock, because other clients change the store too. The other methods are for errors before that, and for readers.
/// </summary>
internal sealed class StoredModels(ModelPulls pulls, ModelCatalog catalog)
{
    private const int MaxName = 200;
    private const int MaxShown = 5;

    /// <summary>How often a reader looks again if the list was changed while it looked.</summary>
    private const int MaxLooks = 5;

    /// <summary>
    /// Finds a model in the present list. The name may be any text by which requests find it. What a request would mean is found, and nothing else.
    /// </summary>
    /// <param name="written">The name as the client wrote it.</param>
    /// <param name="remedy">For a model that was not pulled: what is not done with it, and what to do, for example "so its file is not removed".</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The model, and the one of its names that was meant; null: its id was written, or a digest without a tag.</returns>
    /// <exception cref="ApiException">There is no such model, or it was not pulled.</exception>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public Task<(StoreEntry Entry, string? Tag)> FindAsync(string written, string remedy, CancellationToken cancellationToken) =>
        LookAsync(list => FindInAsync(list, written, remedy, cancellationToken));

    /// <summary>
    /// Like <see cref="FindAsync"/>, but the name must be written as the store has it, since the name is removed or decides where the model is sent. The
    /// defaults (<c>docker.io/</c>, <c>ai/</c>, <c>:latest</c>) may be left out, and so may the only quantization of a repository of Hugging Face.
    /// </summary>
    public Task<(StoreEntry Entry, string? Tag)> FindNamedAsync(string written, string remedy, CancellationToken cancellationToken) =>
        LookAsync(list => FindNamedInAsync(list, written, remedy, cancellationToken));

    /// <summary><see cref="FindAsync"/> in a list that does not change meanwhile, because the lock of the store is held.</summary>
    public async Task<(StoreEntry Entry, string? Tag)> FindInAsync(StoreIndex index, string written, string remedy, CancellationToken cancellationToken)
    {
        await catalog.FollowAsync(index, cancellationToken);
        ModelLookup lookup = await catalog.FindAsync(written, cancellationToken);
        if (lookup.Reason is ModelLookupReason.Ambiguous or ModelLookupReason.Invalid)
            throw new ApiException(ApiErrors.OfLookup(lookup));
        ArtifactName? name = Parse(written);
        if (name?.Pin is { } pin)
            return FindPinned(index, pin, name, written);
        if (lookup.Model is { } model)
            return Find(index, model, written.Trim(), name) ?? throw new ApiException(NotPulled(index, name, model, remedy));

        // A pulled model that cannot be used is no model of requests.
        return FindUnusable(index, written.Trim(), name) ?? throw new ApiException(
            lookup.Reason == ModelLookupReason.Unknown ? Missing(written, index) : ApiErrors.OfLookup(lookup));
    }

    /// <summary><see cref="FindNamedAsync"/> in a list that does not change meanwhile, because the lock of the store is held.</summary>
    public async Task<(StoreEntry Entry, string? Tag)> FindNamedInAsync(
        StoreIndex index, string written, string remedy, CancellationToken cancellationToken)
    {
        (StoreEntry entry, string? tag) = await FindInAsync(index, written, remedy, cancellationToken);
        ArtifactName? name = Parse(written);
        bool isId = tag is null && ModelIds.DigitsOf(written.Trim(), out _) is not null;
        if (isId || name is { Pin: not null } or { File: not null })
            return (entry, tag);
        if (name is null)
            throw new ApiException(Missing(written, index));
        if (entry.TagOf(name.ToString()) is { } exact)
            return (entry, exact);
        if (name is { IsOnHuggingFace: true, HasWrittenTag: false } && OnlyTagOf(entry, $"{name.Registry}/{name.Repository}:") is { } only)
            return (entry, only);
        string names = entry.Tags.Count == 0 ? "has only its id" : $"is called {string.Join(", ", entry.Tags.Take(MaxShown))}";
        throw new ApiException(ApiError.NotFound(
            $"no pulled model has the name \"{PlainText.EscapeAndCut(written.Trim(), MaxName)}\"; requests for it use the one that {names} "
            + $"({ForeignModel.NameOf(entry.Id)}); write that", ApiErrors.ModelNotFound));
    }

    /// <summary>Gives the model of a name one more name. Another model that has the name loses it.</summary>
    /// <param name="written">A name of the model, as the client wrote it.</param>
    /// <param name="target">The new name.</param>
    /// <param name="remedy">As of <see cref="FindAsync"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ApiException">There is no such model, or it was not pulled.</exception>
    /// <exception cref="StoreException">The store cannot be changed.</exception>
    public async Task TagAsync(string written, string target, string remedy, CancellationToken cancellationToken)
    {
        // A mistake of the client, or a name that is there, needs neither a lock nor a store that can be written.
        (StoreEntry found, string? _) = await FindAsync(written, remedy, cancellationToken);
        if (found.Tags.Contains(target, StringComparer.Ordinal))
            return;
        await pulls.Store.TagAsync(
            async list => (await FindInAsync(list, written, remedy, cancellationToken)).Entry, target, cancellationToken);
    }

    /// <summary>The pulled model that a text of a client means, which requests for it use; null: it was not pulled.</summary>
    public static StoreEntry? Find(StoreIndex index, ModelEntry model, string written)
    {
        ArtifactName? name = Parse(written);
        return name?.Pin is { } pin ? index.Find(pin) : Find(index, model, written.Trim(), name)?.Entry;
    }

    /// <summary>The models of requests that need the files of a pulled one. One of the configuration or of another tool may have the same file.</summary>
    public static IEnumerable<ModelSource> MeantBy(StoreEntry entry, IReadOnlyList<ModelSource> found) =>
        found.Where(source => source.Manifests.Contains(entry.Id));

    /// <summary>The names by which requests find a model of the store.</summary>
    public static IEnumerable<string> NamesOf(StoreEntry entry) => entry.ShortNames.Append(ForeignModel.NameOf(entry.Id));

    /// <summary>The state of the model does not allow it.</summary>
    public static ApiError Conflict(string message) => new(StatusCodes.Status409Conflict, message, ApiError.InvalidRequest) { CanRetryHelp = false };

    /// <summary>As the other one, with a sentence that depends on who reads it.</summary>
    public static ApiError Conflict(Func<CallerWords, string> message) =>
        Conflict(message(CallerWords.Api)) with { CommandLine = message(CallerWords.CommandLine) };

    /// <summary>The store failed.</summary>
    /// <param name="failure">What it says. A fault of the files of a model has its name already.</param>
    /// <param name="written">The model, as the client wrote it; empty: it named none.</param>
    public static ApiException Explain(StoreException failure, string written)
    {
        if (failure.Reason == StoreErrorReason.NotFound)
            return new(Missing(written));
        ApiError error = OfStore(failure);
        return new(written.Length == 0 || failure.Reason is StoreErrorReason.Damaged or StoreErrorReason.MissingFile
            ? error
            : error with { Message = $"nothing was done with the model {PlainText.EscapeAndCut(written, MaxName)}: {failure.Message}" });
    }

    /// <summary>The error of a request that changes the store.</summary>
    public static ApiError OfStore(StoreException failure) => failure.Reason switch
    {
        StoreErrorReason.NoSpace => new ApiError(StatusCodes.Status507InsufficientStorage, failure.Message, ApiError.Server) { CanRetryHelp = false },
        StoreErrorReason.Busy => new ApiError(StatusCodes.Status409Conflict, failure.Message, ApiError.InvalidRequest),
        _ => new ApiError(StatusCodes.Status500InternalServerError, failure.Message, ApiError.Server),
    };

    /// <summary>The error of a request that could not write to the store.</summary>
    public static ApiError OfDisk(Exception failure) => failure is IOException full && DiskSpace.IsFull(full)
        ? new ApiError(
            StatusCodes.Status507InsufficientStorage, "there is no space left for the model store; make space and try again", ApiError.Server)
        { CanRetryHelp = false }
        : new ApiError(
            StatusCodes.Status500InternalServerError,
            $"the model store cannot be written: {DiskCause.Of(failure)}; check the folder in MODELS_PATH, its owner and its disk", ApiError.Server);

    // A model that was renamed during the search may be missed. So search again if the list has changed.
    private async Task<(StoreEntry Entry, string? Tag)> LookAsync(Func<StoreIndex, Task<(StoreEntry Entry, string? Tag)>> find)
    {
        for (int look = 1; ; look++)
        {
            StoreIndex list = pulls.Store.Read();
            try
            {
                return await find(list);
            }
            catch (ApiException) when (look < MaxLooks && !pulls.Store.Read().IsSameAs(list))
            {
                // Another client changed the list meanwhile.
            }
        }
    }

    // Several pulled models may be one model of requests, because they have the same file. What was written says which one is meant.
    private static (StoreEntry Entry, string? Tag)? Find(StoreIndex index, ModelEntry model, string written, ArtifactName? name)
    {
        StoreEntry[] entries = [.. model.Manifests.Select(index.Find).OfType<StoreEntry>()];
        if (ModelIds.DigitsOf(written, out _) is { } digits && Array.Find(entries, entry => IsOf(entry, digits)) is { } meant)
            return (meant, null);
        if (name?.File is not null)
        {
            string repository = $"{name.Registry}/{name.Repository}:";
            foreach (StoreEntry entry in entries)
                if (entry.Tags.FirstOrDefault(tag => tag.StartsWith(repository, StringComparison.Ordinal)) is { } tag)
                    return (entry, tag);
        }

        IEnumerable<string> names = NamedModel.OrderNames(model, written)
            .Select(static other => Parse(other)?.ToString()).OfType<string>();
        foreach (string full in name is null or { File: not null } ? names : names.Prepend(name.ToString()))
            foreach (StoreEntry entry in entries)
                if (entry.TagOf(full) is { } tag)
                    return (entry, tag);
        return entries.Length > 0 ? (entries[0], null) : null;
    }

    private static (StoreEntry Entry, string? Tag)? FindUnusable(StoreIndex index, string written, ArtifactName? name)
    {
        if (ModelIds.DigitsOf(written, out _) is not { } digits)
            return name is { File: null } && index.Find(name.ToString()) is { } named ? (named, named.TagOf(name.ToString())) : null;
        IReadOnlyList<StoreEntry> found = index.FindByStart(digits);
        return found.Count <= 1 ? found.Count == 0 ? null : (found[0], null)
            : throw new ApiException(ApiError.Invalid(
                $"the id {written} could be that of any of {string.Join(", ", found.Take(MaxShown).Select(static entry => entry.Id))}; "
                + "write more of its digits", "model", "model_ambiguous"));
    }

    // The digest decides. A name with a tag must be one of this model, because it may be removed or pushed.
    private static (StoreEntry Entry, string? Tag) FindPinned(StoreIndex index, Digest pin, ArtifactName name, string written)
    {
        StoreEntry pinned = index.Find(pin) ?? throw new ApiException(Missing(written));
        return (pinned, name.HasWrittenTag ? pinned.TagOf(name.ToString()) ?? throw new ApiException(Missing(written)) : null);
    }

    // The names of an index may be similar.
    private static ApiError Missing(string written, StoreIndex? index = null)
    {
        IReadOnlyList<string> similar = index is null
            ? [] : ModelSuggestion.FindAll(written, index.Entries.SelectMany(static entry => entry.ShortNames));
        string remedy = similar.Count > 0 ? Spelling.Question(similar) : "\"model-runner ls\" lists the models";
        string message = $"there is no model \"{PlainText.EscapeAndCut(written, MaxName)}\" in the model store; {remedy}";
        return ApiError.NotFound(message, ApiErrors.ModelNotFound) with { Similar = similar };
    }

    private static ApiError NotPulled(StoreIndex index, ArtifactName? name, ModelEntry model, string remedy)
    {
        string other = name is { File: null } && index.Find(name.ToString()) is { } hidden
            ? $"; the pulled model of this name is {ForeignModel.NameOf(hidden.Id)}" : "";
        return Conflict($"the model \"{model.Reference}\" was not pulled, {remedy}{other}");
    }

    private static ArtifactName? Parse(string written) => ArtifactNameParser.TryParse(written, out ArtifactName? name, out _) ? name : null;

    private static bool IsOf(StoreEntry entry, string digits) => entry.Id.Hex.StartsWith(digits, StringComparison.Ordinal);

    private static string? OnlyTagOf(StoreEntry entry, string repository) =>
        entry.Tags.Where(tag => tag.StartsWith(repository, StringComparison.Ordinal)).ToArray() is [var only] ? only : null;
}
