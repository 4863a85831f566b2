using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Hosting.Connections;

/// <summary>
/// Counts the requests of each connection. On connections beyond the limit it serves only health checks and scrapes and refuses all other
/// requests.
/// </summary>
internal sealed class ConnectionLimit(RequestDelegate next, ConnectionTable table, TimeProvider time)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    public async Task InvokeAsync(HttpContext context)
    {
        if (context.Features.Get<ClientConnection>() is not { } connection)
        {
            await next(context);
            return;
        }

        connection.BeginRequest();
        try
        {
            if (connection.IsBeyondLimit && table.IsFull && !IsMonitoringPath(context.Request.Path))
            {
                connection.CloseWhenIdle();
                throw new ApiException(new ApiError(StatusCodes.Status503ServiceUnavailable,
                    $"all {table.Limit} connections of this daemon are in use; try again later, or set limits.maxConnections to a larger number",
                    ApiError.Unavailable, "too_many_connections", RetryAfter: RetryAfter));
            }

            await next(context);
        }
        finally
        {
            connection.EndRequest(time.GetTimestamp());
        }
    }

    private static bool IsMonitoringPath(PathString path) => path.Value is "/health" or "/metrics" or "/version" or "/";
}
