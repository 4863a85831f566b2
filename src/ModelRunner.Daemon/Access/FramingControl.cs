using Microsoft.Extensions.Primitives;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Access;

/// <summary>
/// Refuses a request whose <c>Transfer-Encoding</c> is not exactly <c>chunked</c>. Kestrel looks only at the last coding of the list, so a
/// proxy before the daemon and the daemon may disagree about where a request ends. The connection ends, so nothing behind such a request is read.
/// </summary>
/// <remarks>A malformed <c>Content-Length</c> cannot be seen here: Kestrel keeps only its number.</remarks>
internal sealed class FramingControl(RequestDelegate next)
{
    private const string Chunked = "chunked";

    private static readonly ApiError Refused = new(
        StatusCodes.Status400BadRequest, "Transfer-Encoding must be exactly \"chunked\", or absent; send the body without another coding",
        ApiError.InvalidRequest, "unsupported_transfer_encoding");

    public Task InvokeAsync(HttpContext context)
    {
        StringValues codings = context.Request.Headers.TransferEncoding;
        if (codings.Count == 0 || (codings.Count == 1 && string.Equals(codings[0], Chunked, StringComparison.OrdinalIgnoreCase)))
            return next(context);
        context.Response.OnStarting(
            static state =>
            {
                ((HttpContext)state).Response.Headers.Connection = "close";
                return Task.CompletedTask;
            },
            context);
        return ApiErrorWriter.WriteAsync(context, Refused);
    }
}
