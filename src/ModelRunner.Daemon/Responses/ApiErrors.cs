using ModelRunner.Configuration;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Models;
using ModelRunner.Linux.Terminals;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Responses;

/// <summary>Creates the errors for refusals by other parts of the daemon.</summary>
internal static class ApiErrors
{
    /// <summary>The code of the error that says that there is no such model.</summary>
    public const string ModelNotFound = "model_not_found";

    private const int MaxName = 200;

    /// <summary>The scheduler refused the request.</summary>
    public static ApiError OfRefusal(Refuse refusal, CauseText causes) => refusal.Reason switch
    {
        RefusalReason.StartFailed when RefusalCodes.IsRemoved(refusal) => new ApiError(
            StatusCodes.Status500InternalServerError, causes.WithoutFolders(refusal.Message), ApiError.Server, RefusalCodes.Unusable, "model")
        { CanRetryHelp = false },

        // The engine failed, so the status is a gateway's.
        RefusalReason.StartFailed => Make(StatusCodes.Status502BadGateway, ApiError.Server, refusal, causes),
        _ => Make(StatusCodes.Status503ServiceUnavailable, ApiError.Unavailable, refusal, causes),
    };

    /// <summary>No model was found for the reference.</summary>
    public static ApiError OfLookup(ModelLookup lookup) => lookup.Reason switch
    {
        ModelLookupReason.Unknown => Unknown(lookup),
        ModelLookupReason.Unusable => new ApiError(
            StatusCodes.Status500InternalServerError, lookup.Problem!, ApiError.Server, RefusalCodes.Unusable, "model")
        { CanRetryHelp = false, Model = ModelOf(lookup) },
        ModelLookupReason.NotRead => new ApiError(
            StatusCodes.Status503ServiceUnavailable, lookup.Problem!, ApiError.Unavailable, RefusalCodes.ModelsLoading, "model", TimeSpan.FromSeconds(5))
        { Model = ModelOf(lookup) },
        ModelLookupReason.Ambiguous => ApiError.Invalid(lookup.Problem!, "model", "model_ambiguous"),
        _ => ApiError.Invalid(lookup.Problem!, "model", "model_invalid"),
    };

    /// <summary>There is no such model, and a pull would not help.</summary>
    public static ApiError NotKnown(ModelLookup lookup) =>
        ApiError.NotFound(lookup.Problem!, ModelNotFound, "model") with { Similar = lookup.Similar };

    /// <summary>The model does not support the mode of the route.</summary>
    public static ApiError WrongMode(ModelEntry model, RunnerMode mode) => ApiError.Invalid(
        $"model \"{model.Reference}\" cannot be run in mode {ModeText.Format(mode)}; "
        + $"it is for {string.Join(" and ", model.Modes.Select(ModeText.Format))}"
        + (mode == RunnerMode.Embedding && model.Header is not null ? "; add --pooling mean to its args to use it for embeddings too" : ""),
        "model", "unsupported_mode");

    /// <summary>The backend that the route names does not exist.</summary>
    public static ApiError UnknownBackend(string backend, IEnumerable<string> known) => ApiError.NotFound(
        $"there is no backend \"{PlainText.EscapeAndCut(backend, MaxName)}\"; there is {string.Join(" and ", known)}",
        "backend_not_found");

    /// <summary>Refuses work for which OpenSSL's library is missing.</summary>
    /// <param name="work">The work, as the subject of a sentence.</param>
    /// <param name="remedy">What to install, a clause.</param>
    /// <exception cref="ApiException">It is missing.</exception>
    public static void RequireOpenSsl(string work, string remedy = OpenSslLibrary.Remedy)
    {
        if (OpenSslLibrary.IsPresent())
            return;
        throw new ApiException(new ApiError(StatusCodes.Status501NotImplemented, $"{work} needs OpenSSL; {remedy}", ApiError.Server) { CanRetryHelp = false });
    }

    private static (string Backend, string Reference)? ModelOf(ModelLookup lookup) =>
        lookup is { Backend: { } backend, Reference: { } reference } ? (backend, reference) : null;

    private static ApiError Unknown(ModelLookup lookup)
    {
        if (lookup.Pullable is not { } name)
            return NotKnown(lookup);
        string message = lookup.ProblemWithPull(name, $", if {name.Registry} has it");
        return NotKnown(lookup) with { Message = message, Pull = lookup.NeedsCommand ? null : name.ToWrittenString() };
    }

    private static ApiError Make(int status, string type, Refuse refusal, CauseText causes) =>
        new(status, causes.WithoutFolders(refusal.Message), type, refusal.Reason.ToLabelValue(), RetryAfter: refusal.RetryAfter)
        {
            Reason = refusal.FailureReason?.ToLabelValue(),
        };

    /// <summary>Refuses a scrape if the limit of concurrent pages does not become free in time.</summary>
    public static Task RefuseScrapeAsync(HttpContext context) => ApiErrorWriter.WriteAsync(context, new ApiError(
        StatusCodes.Status503ServiceUnavailable, "too many pages are being written or read at once; try again in a second",
        ApiError.Unavailable, "too_many_pages", RetryAfter: TimeSpan.FromSeconds(1)));
}
