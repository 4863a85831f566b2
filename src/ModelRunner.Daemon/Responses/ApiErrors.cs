using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Linux.Terminals;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Responses;

/// <summary>Makes errors of what the daemon's other parts refuse.</summary>
internal static class ApiErrors
{
    private const int MaxName = 200;

    /// <summary>No runner for this request.</summary>
    public static ApiError OfRefusal(Refuse refusal, CauseText causes) => refusal.Reason switch
    {
        // The engine is what failed here, as with a gateway.
        RefusalReason.StartFailed => Make(StatusCodes.Status502BadGateway, ApiError.Server, "runner_start_failed", refusal, causes),
        RefusalReason.Backoff => Unavailable("runner_backoff", refusal, causes),
        RefusalReason.QueueFull => Unavailable("queue_full", refusal, causes),
        RefusalReason.QueueTimeout => Unavailable("queue_timeout", refusal, causes),
        RefusalReason.OutOfMemory => Unavailable("out_of_memory", refusal, causes),
        RefusalReason.NoCapacity => Unavailable("no_room", refusal, causes),
        RefusalReason.Unloading => Unavailable("unloading", refusal, causes),
        RefusalReason.ShuttingDown => Unavailable("shutting_down", refusal, causes),
        _ => Unavailable("unavailable", refusal, causes),
    };

    /// <summary>No model for this reference.</summary>
    public static ApiError OfLookup(ModelLookup lookup) => lookup.Reason switch
    {
        ModelLookupReason.Unknown => ApiError.NotFound(lookup.Problem!, "model_not_found", "model"),
        ModelLookupReason.Unusable => new ApiError(
            StatusCodes.Status500InternalServerError, lookup.Problem!, ApiError.Server, "model_unusable", "model")
        { CanRetryHelp = false },
        ModelLookupReason.NotRead => new ApiError(
            StatusCodes.Status503ServiceUnavailable, lookup.Problem!, ApiError.Unavailable, "models_loading", "model", TimeSpan.FromSeconds(5)),
        ModelLookupReason.Ambiguous => ApiError.Invalid(lookup.Problem!, "model", "model_ambiguous"),
        _ => ApiError.Invalid(lookup.Problem!, "model", "model_invalid"),
    };

    /// <summary>The model cannot do what the route asks.</summary>
    public static ApiError WrongMode(ModelEntry model, RunnerMode mode) => ApiError.Invalid(
        $"model \"{model.Reference}\" cannot be run in mode {ModeText.Format(mode)}; "
        + $"it is for {string.Join(" and ", model.Modes.Select(ModeText.Format))}"
        + (mode == RunnerMode.Embedding && model.Path is not null ? "; --pooling mean among its args lets it make embeddings too" : ""),
        "model", "unsupported_mode");

    /// <summary>The route names a backend that there is not.</summary>
    public static ApiError UnknownBackend(string backend, IEnumerable<string> known) => ApiError.NotFound(
        $"there is no backend \"{PlainText.EscapeAndCut(backend, MaxName)}\"; there is {string.Join(" and ", known)}",
        "backend_not_found");

    private static ApiError Unavailable(string code, Refuse refusal, CauseText causes) =>
        Make(StatusCodes.Status503ServiceUnavailable, ApiError.Unavailable, code, refusal, causes);

    private static ApiError Make(int status, string type, string code, Refuse refusal, CauseText causes) =>
        new(status, causes.WithoutFolders(refusal.Message), type, code, RetryAfter: refusal.RetryAfter);

    /// <summary>Answers a scrape for whose page there is no room in time.</summary>
    public static Task RefuseScrapeAsync(HttpContext context) => ApiErrorWriter.WriteAsync(context, new ApiError(
        StatusCodes.Status503ServiceUnavailable, "too many pages are being made or read at once; ask again in a second",
        ApiError.Unavailable, "too_many_pages", RetryAfter: TimeSpan.FromSeconds(1)));
}
