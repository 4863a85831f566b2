namespace ModelRunner.Daemon.Responses;

/// <summary>Ends a request with an error response.</summary>
internal sealed class ApiException(ApiError error) : Exception(error.Message)
{
    /// <summary>The error to send.</summary>
    public ApiError Error => error;
}
