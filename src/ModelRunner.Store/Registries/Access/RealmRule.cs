using ModelRunner.Store.Http;

namespace ModelRunner.Store.Registries.Access;

/// <summary>
/// Which token server a registry may send us to, and which one gets the credentials. A registry names any address it likes, so the credentials go
/// only where the user meant them to go (CVE-2025-51471), but an exact rule would break registries whose token server has another host.
/// </summary>
internal sealed class RealmRule(IReadOnlyList<string> trusted, IReadOnlyList<string> plainHttpHosts)
{
    private static readonly (string Registry, string Realm)[] KnownPairs = [("docker.io", "auth.docker.io"), ("registry.gitlab.com", "gitlab.com")];

    /// <summary>The address of a token server.</summary>
    /// <param name="endpoint">The registry that names it.</param>
    /// <param name="realm">The text of the challenge.</param>
    /// <exception cref="RemoteException">It must not be asked.</exception>
    public Uri Check(RegistryEndpoint endpoint, string? realm)
    {
        if (!Uri.TryCreate(realm, UriKind.Absolute, out Uri? address) || (address.Scheme != Uri.UriSchemeHttps && address.Scheme != Uri.UriSchemeHttp))
            throw Refuse("an address", "it is neither https nor http");
        if (address.Scheme == Uri.UriSchemeHttp && (endpoint.Base.Scheme != Uri.UriSchemeHttp || !PlainHttpRule.Allows(address, plainHttpHosts)))
            throw Refuse(Origins.Of(address), "it is plain http");
        if (InternalNetworks.Has(address) && !HasSameHost(endpoint.Base, address) && !InternalNetworks.Has(endpoint.Base) && !IsListed(address))
            throw Refuse(Origins.Of(address), "it is in an internal network");
        return address;

        RemoteException Refuse(string what, string why) => new(
            RemoteReason.Untrusted,
            $"the registry {endpoint.Host} names {what} as its token server; it was not asked, because {why}; check the name of the registry");
    }

    /// <summary>Whether a token server gets the credentials of a registry.</summary>
    public bool Trusts(RegistryEndpoint endpoint, Uri realm) => HasSameHost(endpoint.Base, realm) || IsListed(realm)
        || KnownPairs.Any(pair => pair.Registry == endpoint.Host && realm.Host == pair.Realm && realm.IsDefaultPort);

    private bool IsListed(Uri realm) =>
        trusted.Contains(realm.Host, StringComparer.OrdinalIgnoreCase) || trusted.Contains($"{realm.Host}:{realm.Port}", StringComparer.OrdinalIgnoreCase);

    private static bool HasSameHost(Uri first, Uri second) => string.Equals(first.Host, second.Host, StringComparison.OrdinalIgnoreCase);
}
