using Microsoft.Extensions.Primitives;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Responses;
using ModelRunner.Linux.Terminals;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Inference;

/// <summary>Reads the class that a client asks for. It can lower the class of its request, but not raise it.</summary>
internal static class PriorityHeader
{
    public const string Name = "X-Model-Runner-Priority";

    private const int MaxShown = 40;

    /// <summary>The lowest of the classes of the caller and of the header.</summary>
    /// <exception cref="ApiException">The header has another value.</exception>
    public static RequestPriority Read(HttpContext context)
    {
        RequestPriority ofCaller = Caller.Of(context).Key?.Priority ?? RequestPriority.Interactive;
        StringValues written = context.Request.Headers[Name];
        if (written.Count == 0)
            return ofCaller;
        if (written.Count > 1 || !PriorityText.TryParse(written.ToString().Trim(), out RequestPriority asked))
        {
            throw new ApiException(ApiError.Invalid(
                $"the header {Name} is \"{PlainText.EscapeAndCut(written.ToString(), MaxShown)}\"; send {PriorityText.Words}, or leave it out", Name));
        }

        return ofCaller > asked ? ofCaller : asked;
    }
}
