using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Responses;

/// <summary>Middleware that makes one error response of every failure in a request: it maps exceptions and empty responses to errors.</summary>
internal sealed partial class ErrorHandling(RequestDelegate next, ILogger<ErrorHandling> logger)
{
    private const int MaxPath = 200;

    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            if (ErrorOfStatus(context) is { } error)
                await ApiErrorWriter.WriteAsync(context, error);
        }
        catch (Exception failure) when (IsOfLeaving(failure, context))
        {
            // The client left: there is no response to send.
            if (!context.Response.HasStarted)
                context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
        }
        catch (Exception failure)
        {
            ApiError error = ErrorOf(failure);
            if (error.Status == StatusCodes.Status500InternalServerError && failure is not ApiException)
                LogUnexpected(failure, context.TraceIdentifier, context.Request.Method, PlainText.EscapeAndCut(context.Request.Path.Value ?? "", MaxPath));

            // A response that has begun cannot become an error; closing the connection tells the client that it is incomplete.
            if (context.Response.HasStarted)
                context.Abort();
            else if (WaitingStream.Of(context) is { } waiting)
                await EndAsync(waiting, error, context);
            else
                await ApiErrorWriter.WriteAsync(context, error);
        }
    }

    /// <summary>Whether the failure is that the client left.</summary>
    internal static bool IsOfLeaving(Exception failure, HttpContext context) =>
        context.RequestAborted.IsCancellationRequested && failure is (OperationCanceledException or IOException);

    /// <summary>The response to a failure.</summary>
    internal static ApiError ErrorOf(Exception failure) => failure switch
    {
        ApiException known => known.Error,
        BadHttpRequestException bad => new ApiError(bad.StatusCode, bad.Message, ApiError.InvalidRequest),
        _ => new ApiError(StatusCodes.Status500InternalServerError,
            "the daemon failed because of an internal error; its log has the details", ApiError.Server, "internal_error"),
    };

    private static async Task EndAsync(WaitingStream waiting, ApiError error, HttpContext context)
    {
        try
        {
            await waiting.EndAsync(error);
        }
        catch (Exception failure) when (IsOfLeaving(failure, context))
        {
            // Nobody is there to read the error.
        }
    }

    /// <summary>If no route fits, routing only sets a status.</summary>
    private static ApiError? ErrorOfStatus(HttpContext context)
    {
        HttpResponse response = context.Response;
        if (response.HasStarted || response.ContentType is not null || response.ContentLength is not null)
            return null;

        string method = PlainText.EscapeAndCut(context.Request.Method, MaxPath);
        string path = PlainText.EscapeAndCut(context.Request.Path.Value ?? "", MaxPath);
        return response.StatusCode switch
        {
            StatusCodes.Status404NotFound => ApiError.NotFound(words => $"there is no route {path}{words.ListRoutes}", "unknown_route"),
            StatusCodes.Status405MethodNotAllowed => new ApiError(StatusCodes.Status405MethodNotAllowed,
                $"{path} does not support {method}; it supports {response.Headers.Allow}", ApiError.InvalidRequest, "method_not_allowed"),
            _ => null,
        };
    }

    [LoggerMessage(LogLevel.Error, "Request {Id} failed unexpectedly: {Method} {Path}.")]
    private partial void LogUnexpected(Exception failure, string id, string method, string path);
}
