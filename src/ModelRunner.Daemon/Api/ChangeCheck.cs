using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Responses;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Api;

/// <summary>
/// Judges a change of settings by the model as it would be afterwards. A change that makes a model unusable is refused. One that leaves an unusable model as
/// it is, or makes it usable, is accepted.
/// </summary>
internal static class ChangeCheck
{
    /// <summary>Checks what no change of a client can change: who runs the model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="request">The change.</param>
    /// <param name="backend">The backend that the route names; null: none.</param>
    /// <exception cref="ApiException">The change can have no effect.</exception>
    public static void CheckOwner(ModelSource model, ConfigureRequest request, string? backend)
    {
        if (model is { File: null, Settings.Engine: null, AttachedModes.Count: > 0 })
            throw Attached(model.Reference.ToString());

        if (backend is not null && backend != model.Settings.Backend)
        {
            throw new ApiException(ApiError.Invalid(
                $"model \"{model.Reference}\" runs with backend {model.Settings.Backend}; send the request to /engines/{model.Settings.Backend}/_configure",
                "model"));
        }

        if (model.Settings.Engine is { } engine && request.ChangesEngine)
        {
            throw new ApiException(ApiError.Invalid(
                words => $"model \"{model.Reference}\" runs with engine {engine.Name}, whose command the configuration file has; "
                    + $"only {words.KeepAlive} can be changed"));
        }
    }

    /// <summary>Checks the model as it would be.</summary>
    /// <param name="reference">Its canonical reference.</param>
    /// <param name="change">What the change would make of it; null: it is gone.</param>
    /// <param name="request">The change.</param>
    /// <exception cref="ApiException">The change would make it unusable, or can have no effect.</exception>
    public static void Check(string reference, ModelChange? change, ConfigureRequest request)
    {
        if (change is null)
            throw new ApiException(ApiErrors.NotKnown(new ModelLookup(null, $"model \"{reference}\" is gone; nothing was changed")));
        if (ReferenceEquals(change, ModelChange.Unknown) || (!change.IsRead && change.NewProblems.Count > 0))
        {
            throw new ApiException(ApiErrors.OfLookup(new ModelLookup(
                null, $"the files of model \"{reference}\" are still being read, so the change cannot be checked; try again later")
            {
                Reason = ModelLookupReason.NotRead,
            }));
        }

        if (change.NewProblems.Count > 0)
        {
            throw new ApiException(ApiError.Invalid(
                $"model \"{reference}\" could not be used with this change: {change.NewProblems[0].Cause}; nothing was changed",
                request.ChangesDraft ? ConfigureDraft.Section : FlagCheck.Param));
        }

        if (change.Model is not { } model)
            return;
        if (model is { Path: null, Settings.Engine: null })
            throw Attached(reference);
        if (request.Mode is { } mode && model.Modes.Count > 0 && !model.Modes.Contains(mode))
            throw new ApiException(ApiErrors.WrongMode(model, mode));
        if (request.Draft is not null && !model.Modes.Contains(RunnerMode.Completion))
        {
            throw new ApiException(ApiError.Invalid(
                words => $"model \"{reference}\" makes no text, so it can have no draft model; leave {words.Draft} out", ConfigureDraft.Section));
        }
    }

    private static ApiException Attached(string reference) => new(ApiError.Invalid(
        $"model \"{reference}\" is served by an attached server, whose settings the daemon does not make; change them at that server", "model"));
}
