using System.Net;

namespace ModelRunner.Store.Http;

/// <summary>Where a proxy is.</summary>
/// <param name="Address">Its address, without user name and password.</param>
/// <param name="Credential">User name and password; null: there are none.</param>
internal sealed record ProxyAddress(Uri Address, NetworkCredential? Credential)
{
    private static readonly string[] Schemes = ["http", "https", "socks4", "socks4a", "socks5"];

    /// <summary>Reads the proxy that a variable names; null: it is not set, or empty.</summary>
    /// <exception cref="FormatException">It is no address of a proxy.</exception>
    public static ProxyAddress? Read(string variable, Func<string, string?> read)
    {
        string? text = Value(variable, read);
        if (text is null)
            return null;
        if (!text.Contains("://", StringComparison.Ordinal))
            text = "http://" + text;
        if (text.StartsWith("socks5h://", StringComparison.OrdinalIgnoreCase))
            text = "socks5://" + text["socks5h://".Length..];
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? address) || !Schemes.Contains(address.Scheme, StringComparer.Ordinal) || address.Host.Length == 0)
            throw new FormatException($"the variable {variable} is no address of a proxy; write http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT");

        return new ProxyAddress(new UriBuilder(address.Scheme, address.Host, address.Port).Uri, CredentialOf(address.UserInfo));
    }

    /// <summary>The value of a variable in capitals or small letters; null: it is not set, or empty.</summary>
    public static string? Value(string variable, Func<string, string?> read) =>
        read(variable)?.Trim() is { Length: > 0 } upper ? upper : read(variable.ToLowerInvariant())?.Trim() is { Length: > 0 } lower ? lower : null;

    /// <summary>Credentials are not printed.</summary>
    public override string ToString() => Origins.Of(Address);

    private static NetworkCredential? CredentialOf(string userInfo)
    {
        if (userInfo.Length == 0)
            return null;
        string[] parts = userInfo.Split(':', 2);
        return new NetworkCredential(Uri.UnescapeDataString(parts[0]), parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "");
    }
}
