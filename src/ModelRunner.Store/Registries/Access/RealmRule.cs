using System.Net;
using ModelRunner.Store.Http;

namespace ModelRunner.Store.Registries.Access;

/// <summary>
/// Which token server a registry may send us to, and which one gets the credentials. A registry names any address it likes, so the credentials go
/// only where the user meant them to go (CVE-2025-51471), but an exact rule would break registries whose token server has another host.
/// </summary>
internal sealed class RealmRule(IReadOnlyList<string> trusted, IReadOnlyList<string> plainHttpHosts)
{
    private static readonly (string Registry, string Realm)[] KnownPairs = [("docker.io", "auth.docker.io"), ("registry.gitlab.com", "gitlab.com")];

    private static readonly IPNetwork[] InternalNetworks =
    [
        IPNetwork.Parse("0.0.0.0/8"), IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("100.64.0.0/10"), IPNetwork.Parse("127.0.0.0/8"),
        IPNetwork.Parse("169.254.0.0/16"), IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.168.0.0/16"), IPNetwork.Parse("::/127"),
        IPNetwork.Parse("fc00::/7"), IPNetwork.Parse("fe80::/10"),
    ];

    /// <summary>The address of a token server.</summary>
    /// <param name="endpoint">The registry that names it.</param>
    /// <param name="realm">The text of the challenge.</param>
    /// <exception cref="RemoteException">It must not be asked.</exception>
    public Uri Check(RegistryEndpoint endpoint, string? realm)
    {
        if (!Uri.TryCreate(realm, UriKind.Absolute, out Uri? address) || (address.Scheme != Uri.UriSchemeHttps && address.Scheme != Uri.UriSchemeHttp))
            throw Refuse("an address that is neither https nor http");
        if (address.Scheme == Uri.UriSchemeHttp && (endpoint.Base.Scheme != Uri.UriSchemeHttp || !PlainHttpRule.Allows(address, plainHttpHosts)))
            throw Refuse($"{Origins.Of(address)}, which is plain http");
        if (IsInternal(address) && !HasSameHost(endpoint.Base, address) && !IsInternal(endpoint.Base) && !IsListed(address))
            throw Refuse($"{Origins.Of(address)}, which is in an internal network");
        return address;

        RemoteException Refuse(string what) => new(
            RemoteReason.Untrusted, $"the registry {endpoint.Host} names {what}, as its token server, which is not asked; check the name of the registry");
    }

    /// <summary>Whether a token server gets the credentials of a registry.</summary>
    public bool Trusts(RegistryEndpoint endpoint, Uri realm) => HasSameHost(endpoint.Base, realm) || IsListed(realm)
        || KnownPairs.Any(pair => pair.Registry == endpoint.Host && realm.Host == pair.Realm && realm.IsDefaultPort);

    private bool IsListed(Uri realm) =>
        trusted.Contains(realm.Host, StringComparer.OrdinalIgnoreCase) || trusted.Contains($"{realm.Host}:{realm.Port}", StringComparer.OrdinalIgnoreCase);

    private static bool HasSameHost(Uri first, Uri second) => string.Equals(first.Host, second.Host, StringComparison.OrdinalIgnoreCase);

    private static bool IsInternal(Uri address)
    {
        if (!IPAddress.TryParse(address.DnsSafeHost, out IPAddress? literal))
            return address.Host == "localhost" || address.Host.EndsWith(".localhost", StringComparison.Ordinal);
        literal = literal.IsIPv4MappedToIPv6 ? literal.MapToIPv4() : literal;
        return InternalNetworks.Any(network => network.Contains(literal));
    }
}
