using ModelRunner.Daemon.Configuration;
using ModelRunner.Daemon.Diagnostics;

namespace ModelRunner.Daemon.Api;

/// <summary>
/// Lets pages in a browser call the API only from the origins that <c>DMR_ORIGINS</c> lists. Browsers name the page's origin with every
/// request that could change something, also with those that they do not ask about beforehand.
/// </summary>
internal sealed class OriginPolicy(DaemonSettings settings)
{
    private const int LongestOrigin = 200;

    private readonly bool _takesAny = settings.Origins.Contains(OriginList.Any, StringComparer.Ordinal);

    /// <summary>Whether a browser asks if a page may call.</summary>
    public static bool IsPreflight(HttpRequest request) =>
        HttpMethods.IsOptions(request.Method) && request.Headers.Origin.Count > 0 && request.Headers.AccessControlRequestMethod.Count > 0;

    /// <summary>Says what an allowed page may do; only after <see cref="Check"/> allowed it.</summary>
    public static Task AnswerPreflight(HttpContext context)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.AccessControlAllowMethods = "GET, POST";
        headers.AccessControlAllowHeaders = "Authorization, Content-Type, X-Requested-With, X-Stainless-Arch, X-Stainless-Lang, "
            + "X-Stainless-OS, X-Stainless-Package-Version, X-Stainless-Retry-Count, X-Stainless-Runtime, X-Stainless-Runtime-Version, "
            + "X-Stainless-Timeout";
        headers.AccessControlMaxAge = "600";
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    /// <summary>Refuses a page that may not call, and tells the browser of one that may read the answer.</summary>
    public ApiError? Check(HttpContext context)
    {
        var sent = context.Request.Headers.Origin;
        if (sent.Count == 0)
            return null;

        string origin = sent.ToString();
        context.Response.Headers.Vary = "Origin";
        if (_takesAny || settings.Origins.Contains(origin, StringComparer.Ordinal))
        {
            context.Response.Headers.AccessControlAllowOrigin = origin;
            return null;
        }

        return new ApiError(StatusCodes.Status403Forbidden,
            $"pages of {PlainText.EscapeAndCut(origin, LongestOrigin)} may not call this daemon; "
            + "list the origin in DMR_ORIGINS to allow it",
            ApiError.Permission, "origin_not_allowed");
    }
}
