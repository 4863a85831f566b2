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
        if (lookup.Model is not { } model)
        {
            // The sentence may name models that this caller must not see.
            throw new ApiException(caller.HasOnlySomeModels && lookup.Reason is ModelLookupReason.Unknown or ModelLookupReason.Ambiguous
                ? KeyErrors.Model(caller.Key!, reference)
                : ApiErrors.OfLookup(lookup));
        }

        return Allows(caller, model) ? model : throw new ApiException(KeyErrors.Model(caller.Key!, model.Reference));
    }

    /// <summary>The models that a caller may use.</summary>
    public IReadOnlyList<ModelEntry> Filter(Caller caller, IReadOnlyList<ModelEntry> models) =>
        caller.HasOnlySomeModels ? [.. models.Where(model => Allows(caller, model))] : models;

    private bool Allows(Caller caller, ModelEntry model) =>
        !caller.HasOnlySomeModels || caller.Key!.Models.Any(allowed => allowed.Reference is { } reference
            ? catalog.IsMeant(reference, model.Reference)
            : allowed.Fits(model.Reference));
}
