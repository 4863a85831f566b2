using ModelRunner.Store.Names;
using ModelRunner.Store.Pulls;

namespace ModelRunner.Daemon.Responses;

/// <summary>The errors for pulls that failed before their progress was shown, or whose progress is not shown.</summary>
internal static class PullErrors
{
    /// <summary>The error for a client that asked for the pull.</summary>
    public static ApiError Of(PullOutcome failed) => failed.Result switch
    {
        PullResult.NotFound => ApiError.NotFound(failed.Message, ApiErrors.ModelNotFound, "from"),
        PullResult.Denied => new ApiError(StatusCodes.Status401Unauthorized, failed.Message, ApiError.Authentication, "registry_denied"),
        PullResult.RateLimited => new ApiError(StatusCodes.Status429TooManyRequests, failed.Message, ApiError.RateLimit),
        PullResult.Unsupported => new ApiError(StatusCodes.Status422UnprocessableEntity, failed.Message, ApiError.InvalidRequest),
        PullResult.NoSpace => new ApiError(StatusCodes.Status507InsufficientStorage, failed.Message, ApiError.Server) { CanRetryHelp = false },
        PullResult.Network or PullResult.Server or PullResult.WrongBytes => new ApiError(StatusCodes.Status502BadGateway, failed.Message, ApiError.Server),
        _ => new ApiError(StatusCodes.Status500InternalServerError, failed.Message, ApiError.Server),
    };

    /// <summary>The error for a client that asked for a response of the model.</summary>
    public static ApiError OfRequest(ArtifactName name, PullOutcome failed)
    {
        string message = $"model \"{name.ToWrittenString()}\" is not there, and its pull failed: {failed.Message}";
        ApiError error = Of(failed) with { Message = message, Param = "model" };

        // The credentials and the limits of the client are not those that the registry refused.
        return failed.Result is PullResult.Denied or PullResult.RateLimited
            ? error with { Status = StatusCodes.Status502BadGateway, Type = ApiError.Server, CanRetryHelp = false }
            : error;
    }
}
