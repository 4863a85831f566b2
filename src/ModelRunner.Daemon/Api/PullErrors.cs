using ModelRunner.Daemon.Responses;
using ModelRunner.Store.Pulls;

namespace ModelRunner.Daemon.Api;

/// <summary>The errors for pulls that failed before their progress was shown.</summary>
internal static class PullErrors
{
    public static ApiError Of(PullOutcome failed) => failed.Result switch
    {
        PullResult.NotFound => ApiError.NotFound(failed.Message, "model_not_found", "from"),
        PullResult.Denied => new ApiError(StatusCodes.Status401Unauthorized, failed.Message, ApiError.Authentication, "registry_denied"),
        PullResult.RateLimited => new ApiError(StatusCodes.Status429TooManyRequests, failed.Message, ApiError.RateLimit),
        PullResult.Unsupported => new ApiError(StatusCodes.Status422UnprocessableEntity, failed.Message, ApiError.InvalidRequest),
        PullResult.NoSpace => new ApiError(StatusCodes.Status507InsufficientStorage, failed.Message, ApiError.Server) { CanRetryHelp = false },
        PullResult.Network or PullResult.Server or PullResult.WrongBytes => new ApiError(StatusCodes.Status502BadGateway, failed.Message, ApiError.Server),
        _ => new ApiError(StatusCodes.Status500InternalServerError, failed.Message, ApiError.Server),
    };
}
