namespace ModelRunner.Daemon.Responses;

/// <summary>Ends a request with an error answer.</summary>
internal sealed class ApiException(ApiError error) : Exception(error.Message)
{
    /// <summary>The answer.</summary>
    public ApiError Error => error;
}
