namespace ModelRunner.Configuration;

/// <summary>The address of a server, as people write it: <c>unix:/path</c>, <c>http://host:port</c> or, for some, <c>https://host:port</c>.</summary>
internal static class EndpointText
{
    private const string UnixPrefix = "unix:";

    /// <summary>The format that <see cref="TryParse"/> reads, for a sentence.</summary>
    public const string Expected = "unix: with an absolute path, or http://host:port without a path";

    /// <summary>The format that <see cref="TryParseWithTls"/> reads, for a sentence.</summary>
    public const string ExpectedWithTls = "unix: with an absolute path, or http://host:port or https://host:port without a path";

    /// <summary>Reads the endpoint of a daemon; on success exactly one of the two results is set.</summary>
    public static bool TryParse(string text, out string? socketPath, out Uri? address) =>
        TryParseWithTls(text, out socketPath, out address) && address?.Scheme != Uri.UriSchemeHttps;

    /// <summary>Reads the endpoint of an attached server; on success exactly one of the two results is set.</summary>
    public static bool TryParseWithTls(string text, out string? socketPath, out Uri? address)
    {
        socketPath = null;
        address = null;
        if (text.StartsWith(UnixPrefix, StringComparison.Ordinal))
        {
            // Both unix:/path and unix:///path are in use.
            string path = text[UnixPrefix.Length..];
            socketPath = path.StartsWith("///", StringComparison.Ordinal) ? path[2..] : path;
            return Path.IsPathRooted(socketPath) && PathText.IsPossible(socketPath)
                && System.Text.Encoding.UTF8.GetByteCount(socketPath) <= 107;
        }

        return Uri.TryCreate(text, UriKind.Absolute, out address)
            && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps)
            && address.Host.Length > 0 && address.AbsolutePath == "/"
            && address.Query.Length == 0 && address.Fragment.Length == 0 && address.UserInfo.Length == 0;
    }
}
