using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Access;

/// <summary>
/// Finds out who sent a request, by its key. Clients on TCP need one if the daemon requires it; only <c>/health</c> needs none, for health
/// checks. On the Unix socket, which file permissions protect, a key is not needed; if it is known, the request is that of its owner.
/// </summary>
internal sealed class KeyPolicy(TimeProvider time)
{
    private const string Scheme = "Bearer ";

    private const string Remedy = "send the header \"Authorization: Bearer KEY\", where KEY is the value of the daemon's MODEL_RUNNER_API_KEY, "
        + "or of apiKey in its configuration file";

    private const string RemedyOfNames = "send the header \"Authorization: Bearer KEY\" with your key, which the operator of this daemon gives you";

    /// <summary>Returns who sent a request, or why it is refused.</summary>
    /// <param name="keys">All keys.</param>
    /// <param name="context">The request.</param>
    /// <param name="needsKey">Whether it came over TCP.</param>
    public (Caller Caller, ApiError? Error) Identify(KeyRing keys, HttpContext context, bool needsKey)
    {
        if (IsForEveryone(context.Request))
            return (Caller.WithoutKey, null);

        // A client that sends several keys could mean any of them.
        bool isAmbiguous = context.Request.Headers.Authorization.Count > 1;
        string sent = context.Request.Headers.Authorization.ToString();
        bool isBearer = !isAmbiguous && sent.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);

        // Clients of Anthropic's API send their key in the second header.
        string alone = context.Request.Headers["x-api-key"].ToString();
        Caller? ofBearer = isBearer ? keys.Find(sent[Scheme.Length..].Trim()) : null;
        Caller? caller = keys.Find(alone) is { } ofOther && ofBearer is null ? ofOther : ofBearer;
        if (caller is not null)
            return (caller, caller.IsExpired(time.GetUtcNow()) ? KeyErrors.Expired(caller.Key!) : null);
        if (!needsKey || !keys.IsRequired)
            return (Caller.WithoutKey, null);
        if (sent.Length == 0 && alone.Length == 0)
            return Refuse(keys, "this daemon requires a key", RefusalCodes.MissingKey);
        if (alone.Length == 0 && string.Equals(sent.Trim(), Scheme.Trim(), StringComparison.OrdinalIgnoreCase))
            return Refuse(keys, "the key in the header Authorization is empty", RefusalCodes.MissingKey);
        if (isAmbiguous)
            return Refuse(keys, "the request has several headers Authorization", RefusalCodes.InvalidKey);
        return alone.Length == 0 && !isBearer
            ? Refuse(keys, "the header Authorization does not begin with \"Bearer\"", RefusalCodes.InvalidKey)
            : Refuse(keys, "the key is wrong", RefusalCodes.InvalidKey);
    }

    /// <summary>Whether a request needs no key, wherever it comes from.</summary>
    public static bool IsForEveryone(HttpRequest request) => request.Path == "/health";

    private static (Caller Caller, ApiError? Error) Refuse(KeyRing keys, string problem, string code) => (Caller.WithoutKey, new ApiError(
        StatusCodes.Status401Unauthorized, $"{problem}; {(keys.HasOneKeyForAll ? Remedy : RemedyOfNames)}", ApiError.Authentication, code));
}
