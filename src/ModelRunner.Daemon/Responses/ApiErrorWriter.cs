using System.Globalization;

namespace ModelRunner.Daemon.Responses;

/// <summary>Writes error responses. No other class writes one.</summary>
internal static class ApiErrorWriter
{
    /// <summary>Writes the error; does nothing if the response has begun.</summary>
    public static Task WriteAsync(HttpContext context, ApiError error)
    {
        HttpResponse response = context.Response;
        if (response.HasStarted)
            return Task.CompletedTask;

        // Allow belongs to a 405 and the challenge to a 401; all other headers were prepared for a response that is not sent.
        var allow = response.Headers.Allow;
        var challenge = response.Headers.WWWAuthenticate;
        var varies = response.Headers.Vary;
        var origin = response.Headers.AccessControlAllowOrigin;
        response.Clear();
        response.Headers.Allow = allow;
        response.Headers.WWWAuthenticate = challenge;
        response.Headers.Vary = varies;
        response.Headers.AccessControlAllowOrigin = origin;

        response.Headers.CacheControl = "no-store";
        if (!error.CanRetryHelp)
            response.Headers["x-should-retry"] = "false";
        if (error.RetryAfter is { } wait)
        {
            long seconds = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds));
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        return JsonResponse.WriteAsync(context, error.Status, json => ApiErrorShape.Write(json, context, error));
    }
}
