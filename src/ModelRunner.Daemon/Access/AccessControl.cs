using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Access;

/// <summary>
/// Stands before every route. A Unix socket is guarded by its file's mode; TCP is reachable by every program of the machine and, through
/// a browser, by every page that its user looks at. Refuses before anything has an effect.
/// </summary>
internal sealed class AccessControl(RequestDelegate next, HostPolicy hosts, OriginPolicy origins, KeyPolicy keys)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (Check(context) is { } error)
            return ApiErrorWriter.WriteAsync(context, error);

        return OriginPolicy.IsPreflight(context.Request) ? OriginPolicy.AnswerPreflight(context) : next(context);
    }

    private ApiError? Check(HttpContext context)
    {
        // What is not surely a Unix socket is treated as TCP.
        bool isUnixSocket = context.Features.Get<IConnectionSocketFeature>()?.Socket.AddressFamily == AddressFamily.Unix;
        if (!isUnixSocket && hosts.Check(context.Request) is { } rebound)
            return rebound;
        if (origins.Check(context) is { } foreign)
            return foreign;

        // Browsers send no key with a preflight request.
        return isUnixSocket || OriginPolicy.IsPreflight(context.Request) ? null : keys.Check(context);
    }
}
