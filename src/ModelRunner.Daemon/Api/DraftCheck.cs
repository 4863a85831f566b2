using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Responses;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Api;

/// <summary>Checks the draft model of a request, so that no start fails because of it.</summary>
/// <param name="catalog">Finds models by their names.</param>
internal sealed class DraftCheck(ModelCatalog catalog)
{
    /// <summary>The same settings with the canonical reference of the draft model.</summary>
    /// <param name="model">The model that gets it.</param>
    /// <param name="draft">The draft model as the client wrote it.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="ApiException">There is no such model, or it cannot be a draft model of this one.</exception>
    public async Task<DraftSettings> CompleteAsync(ModelEntry model, DraftSettings draft, CancellationToken cancellationToken)
    {
        string written = draft.Model.HasWrittenTag ? draft.Model.ToString() : draft.Model.Name;
        ModelLookup lookup = await catalog.FindAsync(written, cancellationToken);
        if (lookup.Model is not { } found)
            throw new ApiException(ApiErrors.OfLookup(lookup) with { Param = ConfigureDraft.Section });
        if (!model.Modes.Contains(RunnerMode.Completion))
            throw Refuse($"model \"{model.Reference}\" makes no text, so it can have no draft model; leave \"{ConfigureDraft.Section}\" out");
        if (found.Reference == model.Reference)
            throw Refuse($"model \"{model.Reference}\" cannot be its own draft model; name a smaller one with the same vocabulary");
        if (found.Path is null || found.Settings.Engine is not null)
            throw Refuse($"model \"{found.Reference}\" has no GGUF file for llama.cpp here, so it can be no draft model; name another one");
        if (!found.Modes.Contains(RunnerMode.Completion))
            throw Refuse($"model \"{found.Reference}\" makes no text, so it can be no draft model; name another one");
        return draft with { Model = ModelReference.FromCanonical(found.Reference) };
    }

    private static ApiException Refuse(string message) => new(ApiError.Invalid(message, ConfigureDraft.Section));
}
