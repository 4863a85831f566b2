using System.Net;

namespace ModelRunner.Store.Http;

/// <summary>
/// Which proxy a request goes through. The variables mean what they mean for Go's programs and curl; .NET's own reading knows no networks, no
/// <c>*</c> and no ports in NO_PROXY, and sends requests to this machine to the proxy.
/// </summary>
internal sealed class ProxyRules : IWebProxy
{
    private readonly ProxyAddress? _http;
    private readonly ProxyAddress? _https;
    private readonly ProxyExemptions _exemptions;

    private ProxyRules(ProxyAddress? http, ProxyAddress? https, ProxyExemptions exemptions) =>
        (_http, _https, _exemptions, Credentials) = (http, https, exemptions, new ProxyCredentials(http, https));

    /// <summary>No proxies.</summary>
    public static ProxyRules None { get; } = new(null, null, ProxyExemptions.Parse(null));

    /// <summary>User names and passwords of the proxies.</summary>
    public ICredentials? Credentials { get; set; }

    /// <summary>The proxies of this process's environment.</summary>
    /// <exception cref="FormatException">A variable is no address of a proxy. The message does not show it, because it may have a password.</exception>
    public static ProxyRules FromEnvironment() => FromEnvironment(Environment.GetEnvironmentVariable);

    /// <summary>The proxies that variables name. The names in capitals come first, as in Go.</summary>
    /// <param name="read">Returns the value of a variable; null: it is not set.</param>
    /// <exception cref="FormatException">A variable is no address of a proxy.</exception>
    public static ProxyRules FromEnvironment(Func<string, string?> read)
    {
        ProxyAddress? all = ProxyAddress.Read("ALL_PROXY", read);
        return new ProxyRules(
            ProxyAddress.Read("HTTP_PROXY", read) ?? all,
            ProxyAddress.Read("HTTPS_PROXY", read) ?? all,
            ProxyExemptions.Parse(ProxyAddress.Value("NO_PROXY", read)));
    }

    /// <summary>The proxy for an address, without its password; null: the server is asked directly.</summary>
    public string? DescribeFor(Uri destination) => GetProxy(destination) is { } proxy ? Origins.Of(proxy) : null;

    /// <inheritdoc/>
    public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? null : Select(destination)?.Address;

    /// <inheritdoc/>
    public bool IsBypassed(Uri host) => Select(host) is null || Origins.IsLoopback(host) || _exemptions.Cover(host);

    private ProxyAddress? Select(Uri destination) => destination.Scheme == Uri.UriSchemeHttps ? _https : _http;
}
