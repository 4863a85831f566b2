using System.Security.Cryptography;
using System.Text;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Access;

/// <summary>Requires the key from clients on TCP if one is configured. Only <c>/health</c> needs no key, for health checks.</summary>
internal sealed class KeyPolicy
{
    private const string Scheme = "Bearer ";

    private const string Remedy = "send the header \"Authorization: Bearer KEY\", where KEY is the value of the daemon's MODEL_RUNNER_API_KEY, "
        + "or of apiKey in its configuration file";

    private const int MaxKey = 4096;

    private readonly byte[]? _key;

    public KeyPolicy(DaemonSettings settings) => _key = settings.ApiKey is { } key ? Pad(key) : null;

    public ApiError? Check(HttpContext context)
    {
        if (_key is null || context.Request.Path == "/health")
            return null;

        string sent = context.Request.Headers.Authorization.ToString();
        if (sent.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && IsKey(sent[Scheme.Length..].Trim()))
            return null;

        // Clients of Anthropic's API send their key here.
        string alone = context.Request.Headers["x-api-key"].ToString();
        if (alone.Length > 0 && IsKey(alone))
            return null;

        context.Response.Headers.WWWAuthenticate = "Bearer realm=\"model-runner\"";
        if (sent.Length == 0 && alone.Length == 0)
            return Refuse("this daemon requires a key", "missing_api_key");
        return alone.Length == 0 && !sent.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            ? Refuse("the header Authorization does not begin with \"Bearer\"", "invalid_api_key")
            : Refuse("the key is wrong", "invalid_api_key");
    }

    private static ApiError Refuse(string problem, string code) =>
        new(StatusCodes.Status401Unauthorized, $"{problem}; {Remedy}", ApiError.Authentication, code);

    private bool IsKey(string candidate) =>
        candidate.Length <= MaxKey && CryptographicOperations.FixedTimeEquals(Pad(candidate), _key);

    // All texts have the same length, so that the time of the comparison does not reveal even the length of the key. Digests would also do,
    // but need OpenSSL, which a minimal system lacks.
    private static byte[] Pad(string key)
    {
        byte[] padded = new byte[Encoding.UTF8.GetMaxByteCount(MaxKey)];
        Encoding.UTF8.GetBytes(key, padded);
        return padded;
    }
}
