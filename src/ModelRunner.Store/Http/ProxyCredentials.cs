using System.Net;

namespace ModelRunner.Store.Http;

/// <summary>Gives each proxy its own user name and password, and nobody else.</summary>
internal sealed class ProxyCredentials(params IReadOnlyList<ProxyAddress?> proxies) : ICredentials
{
    /// <inheritdoc/>
    public NetworkCredential? GetCredential(Uri uri, string authType) =>
        proxies.FirstOrDefault(proxy => proxy?.Credential is not null && Origins.AreSame(proxy.Address, uri))?.Credential;
}
