using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Keys;

/// <summary>Which models a caller may use. Thread-safe.</summary>
internal sealed class ModelRights(ModelCatalog catalog)
{
    /// <summary>Finds the model that a caller means.</summary>
    /// <exception cref="ApiException">There is no such model, or the caller may not use it.</exception>
    public async Task<ModelEntry> FindAsync(Caller caller, string reference, CancellationToken cancellationToken)
    {
        ModelLookup lookup = await catalog.FindAsync(reference, cancellationToken);
        if (lookup.Model is { } model && Allows(caller, model))
            return model;

        // The sentence may name models that this caller must not see. So a model that it may not use, in whatever state, is refused with the
        // same words as one that does not exist: they have only what the caller wrote.
        if (caller.HasOnlySomeModels && lookup.Reason == ModelLookupReason.Unknown && IsNamed(caller, reference))
            throw new ApiException(KeyErrors.Missing(reference));
        if (lookup is { Model: null, Draft: { } draft } && caller.HasOnlySomeModels && (draft.NamesOthers || !MayKnow(caller, draft.Name)))
            lookup = lookup with { Problem = WithoutDraft(lookup) };
        bool maySee = lookup.Reason == ModelLookupReason.Invalid || (lookup.Reference is { } found && Allows(caller, found));
        throw new ApiException(caller.HasOnlySomeModels && !maySee ? KeyErrors.Model(caller.Key!, reference) : ApiErrors.OfLookup(lookup));
    }

    /// <summary>
    /// Whether a request of this caller may pull a model: one with the scope admin, or one whose key names exactly this model. A pattern of the key does
    /// not count, because it says nothing about what may fill the disk.
    /// </summary>
    public bool MayPull(Caller caller, string reference) => caller.Has(KeyScopes.Admin)
        || (ModelReference.TryParseWritten(reference, out ModelReference parsed, out _)
            && caller.Key!.Models.Any(allowed => allowed.Reference is { } named && catalog.IsMeant(named, parsed.ToString())));

    /// <summary>
    /// Whether a pull for this caller must fetch each file, also one that is here. Its registry decides which files the name means. Without that, it could
    /// name a file that is here under a name that this caller may not use (decision 57).
    /// </summary>
    public static bool MustFetch(Caller caller) => !caller.Has(KeyScopes.Admin);

    /// <summary>The models that a caller may use.</summary>
    public IReadOnlyList<ModelEntry> Filter(Caller caller, IReadOnlyList<ModelEntry> models) =>
        caller.HasOnlySomeModels ? [.. models.Where(model => Allows(caller, model))] : models;

    /// <summary>The other variants of a model that a caller may use. It reads no file.</summary>
    public IReadOnlyList<ModelEntry> FindVariants(Caller caller, ModelEntry model) => Filter(caller, catalog.FindVariants(model));

    /// <summary>Whether a caller may not know the name of the model's draft model, because its key has no right to use that.</summary>
    public bool HidesDraft(Caller caller, ModelEntry model) => model.Draft is { } draft && !MayKnow(caller, draft.Reference);

    // By its other names too, as a model of a request.
    private bool MayKnow(Caller caller, string model) =>
        Allows(caller, model) || catalog.FindNow(model)?.OtherNames.Any(name => Allows(caller, name.Reference.ToString())) == true;

    // Who has only some models cannot change the settings either.
    private static string WithoutDraft(ModelLookup lookup) => $"model \"{lookup.Reference}\" cannot be used: its draft model is not here or cannot be used; "
        + (lookup.Reason == ModelLookupReason.NotRead ? "try again later" : "ask the operator of this daemon");

    // The list of the key has the model, so that it is no secret that there is none.
    private bool IsNamed(Caller caller, string reference) =>
        ModelReference.TryParseWritten(reference, out ModelReference parsed, out _) && Allows(caller, parsed.ToString());

    // A tool that gets a copy of the file gives the model another first name. That must take no right away. A name gives rights. So a limited key gets a
    // name only for files that its registry sent.
    private bool Allows(Caller caller, ModelEntry model) => Allows(caller, model.Reference) || model.OtherNames.Any(name => Allows(caller, name));

    private bool Allows(Caller caller, string model) =>
        !caller.HasOnlySomeModels || caller.Key!.Models.Any(allowed => allowed.Reference is { } reference
            ? catalog.IsMeant(reference, model)
            : allowed.Fits(model));
}
