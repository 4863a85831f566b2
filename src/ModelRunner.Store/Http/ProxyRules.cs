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

    private readonly string? _httpProblem;
    private readonly string? _httpsProblem;

    private ProxyRules(
        (ProxyAddress? Address, string? Problem) http, (ProxyAddress? Address, string? Problem) https, ProxyExemptions exemptions)
    {
        ((_http, _httpProblem), (_https, _httpsProblem), _exemptions) = (http, https, exemptions);
        Credentials = new ProxyCredentials(_http, _https);
    }

    /// <summary>No proxies.</summary>
    public static ProxyRules None { get; } = new((null, null), (null, null), ProxyExemptions.Parse(null));

    /// <summary>User names and passwords of the proxies.</summary>
    public ICredentials? Credentials { get; set; }

    /// <summary>The proxies of this process's environment.</summary>
    public static ProxyRules FromEnvironment() => FromEnvironment(Environment.GetEnvironmentVariable);

    /// <summary>The proxies that variables name. The names in capitals come first, as in Go. A wrong variable is told by <see cref="ProblemFor"/>.</summary>
    /// <param name="read">Returns the value of a variable; null: it is not set.</param>
    public static ProxyRules FromEnvironment(Func<string, string?> read) =>
        new(Read("HTTP_PROXY", read), Read("HTTPS_PROXY", read), ProxyExemptions.Parse(ProxyAddress.Value("NO_PROXY", read)));

    /// <summary>
    /// Why an address must not be asked: the variable for it is no address of a proxy. The text does not show its value, because that may have a password.
    /// Null: it may be asked.
    /// </summary>
    public string? ProblemFor(Uri destination) =>
        IsExempt(destination) ? null : destination.Scheme == Uri.UriSchemeHttps ? _httpsProblem : _httpProblem;

    /// <summary>The proxy for an address, without its password; null: the server is asked directly.</summary>
    public string? DescribeFor(Uri destination) => GetProxy(destination) is { } proxy ? Origins.Of(proxy) : null;

    /// <inheritdoc/>
    public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? null : Select(destination)?.Address;

    /// <inheritdoc/>
    public bool IsBypassed(Uri host) => Select(host) is null || IsExempt(host);

    private bool IsExempt(Uri destination) => Origins.IsLoopback(destination) || _exemptions.Cover(destination);

    private ProxyAddress? Select(Uri destination) => destination.Scheme == Uri.UriSchemeHttps ? _https : _http;

    private static (ProxyAddress? Address, string? Problem) Read(string variable, Func<string, string?> read)
    {
        try
        {
            return (ProxyAddress.Read(variable, read) ?? ProxyAddress.Read("ALL_PROXY", read), null);
        }
        catch (FormatException failure)
        {
            return (null, failure.Message);
        }
    }
}
