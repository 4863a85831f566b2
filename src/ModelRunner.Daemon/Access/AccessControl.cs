using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Access;

/// <summary>
/// Checks every request before routing, so that a refused request has no effect. File permissions protect the Unix socket. TCP can be
/// reached by every program of this machine and, through a browser, by every page that its user opens.
/// </summary>
internal sealed class AccessControl(RequestDelegate next, Func<AccessRules> rules)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (Check(context) is { } error)
            return ApiErrorWriter.WriteAsync(context, error);

        return OriginPolicy.IsPreflight(context.Request) ? OriginPolicy.RespondToPreflightAsync(context) : next(context);
    }

    private ApiError? Check(HttpContext context)
    {
        (HostPolicy hosts, OriginPolicy origins, KeyPolicy keys) = rules();

        // A connection that is not certainly a Unix socket is treated as TCP.
        bool isUnixSocket = context.Features.Get<IConnectionSocketFeature>()?.Socket.AddressFamily == AddressFamily.Unix;
        if (!isUnixSocket && hosts.Check(context.Request) is { } rebound)
            return rebound;
        if (origins.Check(context) is { } foreign)
            return foreign;

        // Browsers send no key with a preflight request.
        return isUnixSocket || OriginPolicy.IsPreflight(context.Request) ? null : keys.Check(context);
    }
}
