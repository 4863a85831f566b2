using ModelRunner.Daemon.Responses;
using ModelRunner.Store.Pushes;

namespace ModelRunner.Daemon.Api;

/// <summary>The errors for pushes that failed before the registry took a file.</summary>
internal static class PushErrors
{
    public static ApiError Of(PushOutcome failed) => failed.Result switch
    {
        PushResult.NotFound => ApiError.NotFound(failed.Message, "repository_not_found"),
        PushResult.Unauthorized => new ApiError(StatusCodes.Status401Unauthorized, failed.Message, ApiError.Authentication, "registry_denied"),
        PushResult.Denied => new ApiError(StatusCodes.Status403Forbidden, failed.Message, ApiError.Permission, "registry_denied"),
        PushResult.RateLimited => new ApiError(StatusCodes.Status429TooManyRequests, failed.Message, ApiError.RateLimit),
        PushResult.Unsupported or PushResult.Rejected => new ApiError(
            StatusCodes.Status422UnprocessableEntity, failed.Message, ApiError.InvalidRequest),
        PushResult.Network or PushResult.Server => new ApiError(StatusCodes.Status502BadGateway, failed.Message, ApiError.Server),
        PushResult.Cancelled or PushResult.Busy => new ApiError(
            StatusCodes.Status503ServiceUnavailable, failed.Message, ApiError.Unavailable, RetryAfter: TimeSpan.FromSeconds(5)),
        _ => new ApiError(StatusCodes.Status500InternalServerError, failed.Message, ApiError.Server),
    };
}
