using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Access;

/// <summary>
/// Checks host and origin of every request before routing, so that a refused request has no effect; <see cref="KeyControl"/> checks its key.
/// File permissions protect the Unix socket. TCP can be reached by every program of this machine and, through a browser, by every page that
/// its user opens.
/// </summary>
internal sealed class AccessControl(RequestDelegate next, Func<AccessRules> rules)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (Check(context) is { } error)
            return ApiErrorWriter.WriteAsync(context, error);

        // Browsers send no key with a preflight request.
        return OriginPolicy.IsPreflight(context.Request) ? OriginPolicy.RespondToPreflightAsync(context) : next(context);
    }

    private ApiError? Check(HttpContext context)
    {
        (HostPolicy hosts, OriginPolicy origins) = rules();
        return !IsUnixSocket(context) && hosts.Check(context.Request) is { } rebound ? rebound : origins.Check(context);
    }

    /// <summary>Whether a request came over a Unix socket. A connection that is not certainly one is treated as TCP.</summary>
    public static bool IsUnixSocket(HttpContext context) =>
        context.Features.Get<IConnectionSocketFeature>()?.Socket.AddressFamily == AddressFamily.Unix;
}
