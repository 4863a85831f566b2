using System.Globalization;
using System.Text.Json;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Http;

namespace ModelRunner.Store.Registries.Access;

/// <summary>Reads the response of a token server (distribution's token specification, "Token Response Fields").</summary>
internal static class TokenAnswer
{
    /// <summary>The longest response in bytes.</summary>
    public const int MaxBytes = 256 * 1024;

    // The header with a token must fit into the limits of servers.
    private const int MaxToken = 64 * 1024;
    private const int DefaultSeconds = 60;
    private const int MaxSeconds = 24 * 60 * 60;

    /// <summary>The token, and the new refresh token if there is one.</summary>
    /// <param name="body">The response.</param>
    /// <param name="host">The token server, for errors.</param>
    /// <param name="now">When the request was sent. The server's own time is not used, because its clock may be another.</param>
    /// <exception cref="RemoteException">There is no token in it.</exception>
    public static (AccessToken Token, string? Refresh) Read(byte[] body, string host, DateTimeOffset now)
    {
        try
        {
            (string? token, string? refresh, double seconds) = JsonDocuments.Read(
                body, static root => (TextOf(root, "token") ?? TextOf(root, "access_token"), TextOf(root, "refresh_token"), SecondsOf(root)));
            if (token is { Length: <= MaxToken } && !token.AsSpan().ContainsAnyExceptInRange('!', '~'))
            {
                // A tenth of the life is left for the time that a request takes.
                return (new AccessToken($"Bearer {token}", now + TimeSpan.FromSeconds(Math.Clamp(seconds, 1, MaxSeconds) * 0.9)), refresh);
            }
        }
        catch (JsonException)
        {
            // Explained below, without showing it: a part of it may be a token.
        }

        throw new RemoteException(RemoteReason.UnexpectedAnswer, $"the token server {host} sent no token; check the proxy settings");
    }

    private static string? TextOf(JsonElement root, string member) => JsonDocuments.Text(root, member) is { Length: > 0 } text ? text : null;

    // Some servers write the number as text. NaN would pass the limits.
    private static double SecondsOf(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("expires_in", out JsonElement value))
            return DefaultSeconds;
        return value.ValueKind switch
        {
            JsonValueKind.Number when value.TryGetDouble(out double seconds) && double.IsFinite(seconds) => seconds,
            JsonValueKind.String when double.TryParse(value.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds)
                && double.IsFinite(seconds) => seconds,
            _ => DefaultSeconds,
        };
    }
}
