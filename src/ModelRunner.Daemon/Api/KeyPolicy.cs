using System.Security.Cryptography;
using System.Text;
using ModelRunner.Daemon.Configuration;

namespace ModelRunner.Daemon.Api;

/// <summary>Asks clients on TCP for the key, where one is set. Only <c>/health</c> is open, for those who watch over the process.</summary>
internal sealed class KeyPolicy
{
    private const string Scheme = "Bearer ";

    private readonly byte[]? _digest;

    public KeyPolicy(DaemonSettings settings) =>
        _digest = settings.ApiKey is { } key ? SHA256.HashData(Encoding.UTF8.GetBytes(key)) : null;

    public ApiError? Check(HttpContext context)
    {
        if (_digest is null || context.Request.Path == "/health")
            return null;

        string sent = context.Request.Headers.Authorization.ToString();
        if (sent.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && IsKey(sent[Scheme.Length..].Trim()))
            return null;

        context.Response.Headers.WWWAuthenticate = "Bearer realm=\"model-runner\"";
        return new ApiError(StatusCodes.Status401Unauthorized,
            "this daemon asks for a key; send \"Authorization: Bearer\" with the value of its MODEL_RUNNER_API_KEY",
            ApiError.Authentication, sent.Length == 0 ? "missing_api_key" : "invalid_api_key");
    }

    // Digests have one length, so that the time of the comparison tells nothing, not even how long the key is.
    private bool IsKey(string candidate)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(candidate), digest);
        return CryptographicOperations.FixedTimeEquals(digest, _digest);
    }
}
