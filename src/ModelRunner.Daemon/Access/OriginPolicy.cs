using System.Buffers;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Responses;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Access;

/// <summary>
/// Lets pages in a browser call the API only from the origins in <c>DMR_ORIGINS</c>. Browsers send the page's origin with every request that
/// could change something, also with requests that need no preflight.
/// </summary>
internal sealed class OriginPolicy(DaemonSettings settings)
{
    private const int MaxOrigin = 200;

    private const int MaxHeaderList = 4096;

    private const string UsualHeaders = "Authorization, Content-Type, X-Request-Id, X-Requested-With";

    /// <summary>The response headers that scripts of the page may read.</summary>
    private const string ReadableHeaders = "x-request-id, x-should-retry, x-model-runner-usage, Retry-After";

    /// <summary>The characters of a header's name (RFC 9110, section 5.6.2).</summary>
    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private readonly bool _takesAny = settings.Origins.Contains(OriginList.Any, StringComparer.Ordinal);

    /// <summary>Whether this is a preflight request, in which a browser asks if a page may call the API.</summary>
    public static bool IsPreflight(HttpRequest request) =>
        HttpMethods.IsOptions(request.Method) && request.Headers.Origin.Count > 0 && request.Headers.AccessControlRequestMethod.Count > 0;

    /// <summary>Responds with what an allowed page may do. Call it only after <see cref="Check"/> allowed the origin.</summary>
    public static Task RespondToPreflightAsync(HttpContext context)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.AccessControlAllowMethods = "GET, POST";
        headers.AccessControlAllowHeaders = AllowHeaders(context.Request.Headers.AccessControlRequestHeaders.ToString());
        headers.AccessControlMaxAge = "600";
        headers.Vary = "Origin, Access-Control-Request-Headers";
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    /// <summary>
    /// The headers that an allowed page may send: those that it asks for, since every SDK has its own. A value that is not a list of header
    /// names is not repeated.
    /// </summary>
    internal static string AllowHeaders(string asked)
    {
        if (asked.Length > MaxHeaderList)
            return UsualHeaders;

        string[] names = asked.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return names.Length == 0 || Array.Exists(names, static name => name.AsSpan().ContainsAnyExcept(TokenCharacters))
            ? UsualHeaders
            : string.Join(", ", names);
    }

    /// <summary>Refuses a page that may not call the API. For an allowed page, tells the browser that it may read the response.</summary>
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
            context.Response.OnStarting(
                static state =>
                {
                    ((HttpResponse)state).Headers.AccessControlExposeHeaders = ReadableHeaders;
                    return Task.CompletedTask;
                },
                context.Response);
            return null;
        }

        return new ApiError(StatusCodes.Status403Forbidden,
            $"pages of {PlainText.EscapeAndCut(origin, MaxOrigin)} may not call this daemon; "
            + "list the origin in DMR_ORIGINS to allow it",
            ApiError.Permission, "origin_not_allowed");
    }
}
