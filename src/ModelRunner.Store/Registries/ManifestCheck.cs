using System.Text.Json;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Http;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Registries;

/// <summary>Checks the bytes of a manifest before anything believes them.</summary>
internal static class ManifestCheck
{
    /// <summary>Checks a manifest.</summary>
    /// <param name="response">Its headers.</param>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="wanted">The digest that was asked for; null: a tag was.</param>
    /// <exception cref="RemoteException">It is not a manifest, or not the one that was asked for.</exception>
    public static RegistryManifest Read(OutgoingResponse response, byte[] bytes, Digest? wanted)
    {
        string host = Origins.HostOf(response.Address);
        string mediaType = MediaTypeOf(response, bytes, host);
        Digest? expected = wanted ?? (Digest.TryParse(response.Header("Docker-Content-Digest"), out Digest given) ? given : null);
        if (expected is { } digest && !ContentHash.Matches(bytes, digest))
            throw new RemoteException(
                RemoteReason.DigestMismatch,
                $"{host} sent a manifest of {bytes.Length} bytes with the digest {ContentHash.Of(bytes)} instead of {digest}; "
                + "a proxy or VPN may change the data: try again without it");
        return new RegistryManifest(bytes, mediaType, expected ?? ContentHash.Of(bytes));
    }

    private static string MediaTypeOf(OutgoingResponse response, byte[] bytes, string host)
    {
        string? written;
        try
        {
            written = JsonDocuments.Read(bytes, root => root.ValueKind != JsonValueKind.Object
                ? throw Unexpected("a JSON value that is no object")
                : root.TryGetProperty("mediaType", out JsonElement member) && member.ValueKind == JsonValueKind.String
                    ? member.GetString()!.ToLowerInvariant()
                    : null);
        }
        catch (JsonException)
        {
            throw Unexpected($"\"{Texts.Printable(System.Text.Encoding.UTF8.GetString(bytes.AsSpan(0, Math.Min(bytes.Length, 200))), 80)}\"");
        }

        string? sent = response.MediaType;
        if (written is not null && sent is not null && written != sent)
            throw Unexpected($"one of the type {Texts.Printable(written, 120)} under the type {Texts.Printable(sent, 120)}");
        return written ?? sent ?? throw Unexpected("one without a media type");

        RemoteException Unexpected(string what) => new(
            RemoteReason.UnexpectedAnswer, $"{host} was asked for a manifest and sent {what}; check the name of the registry and the proxy settings");
    }
}
