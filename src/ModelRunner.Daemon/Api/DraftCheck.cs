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
    /// <param name="model">The canonical reference of the model that gets it.</param>
    /// <param name="draft">The draft model as the client wrote it.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="ApiException">There is no such model, or it cannot be a draft model of this one.</exception>
    public async Task<DraftSettings> CompleteAsync(string model, DraftSettings draft, CancellationToken cancellationToken)
    {
        string written = draft.Model.HasWrittenTag ? draft.Model.ToString() : draft.Model.Name;
        ModelLookup lookup = await catalog.FindAsync(written, cancellationToken);

        // One that requests cannot use may be a good draft model: its own settings have no effect on this use.
        if (catalog.SourceOf(lookup) is not { } found)
            throw new ApiException(ApiErrors.OfLookup(lookup) with { Param = ConfigureDraft.Section });
        string name = found.Reference.ToString();
        if (name == model)
            throw Refuse($"model \"{model}\" cannot be its own draft model; name a smaller one with the same vocabulary");
        if (found.File is null || found.Settings.Engine is not null)
            throw Refuse($"model \"{name}\" has no GGUF file for llama.cpp here, so it can be no draft model; name another one");
        if (lookup.Model?.Header is { } header && !ModelModes.Of(header).Contains(RunnerMode.Completion))
            throw Refuse($"model \"{name}\" makes no text, so it can be no draft model; name another one");
        return draft with { Model = ModelReference.FromCanonical(name) };
    }

    private static ApiException Refuse(string message) => new(ApiError.Invalid(message, ConfigureDraft.Section));
}
