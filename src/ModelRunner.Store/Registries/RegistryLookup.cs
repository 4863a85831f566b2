using System.Collections.Concurrent;
using ModelRunner.Store.Http;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Registries;

/// <summary>Finds the servers of a registry by its name, and whether they speak https.</summary>
internal sealed class RegistryLookup(OutgoingClient client, IReadOnlyList<string> plainHttpHosts, RegistrySettings settings)
{
    /// <summary>The host of Docker Hub's API. Its name in the names of models is <c>docker.io</c>.</summary>
    public const string DockerHubHost = "registry-1.docker.io";

    // So many names of registries a client may ask for; beyond that, the schemes are found out again.
    private const int MaxKnown = 256;

    private readonly ConcurrentDictionary<string, string> _schemes = new(StringComparer.Ordinal);

    /// <summary>The servers to read from, in the order in which they are asked. The last one is the registry itself.</summary>
    /// <param name="registry">The name of the registry, as in the name of a model.</param>
    /// <param name="withMirrors">Whether mirrors may stand in for it.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<IReadOnlyList<RegistryEndpoint>> FindAsync(string registry, bool withMirrors, CancellationToken cancellation)
    {
        var endpoints = new List<RegistryEndpoint>();
        if (withMirrors && registry == ArtifactName.DockerHub)
            endpoints.AddRange(settings.DockerHubMirrors.Select(static mirror =>
                new RegistryEndpoint(Origins.HostOf(mirror), WithSlash(mirror), IsMirror: true)));
        endpoints.Add(await FindAsync(registry, cancellation));
        return endpoints;
    }

    /// <summary>The registry itself.</summary>
    public async Task<RegistryEndpoint> FindAsync(string registry, CancellationToken cancellation)
    {
        string host = registry == ArtifactName.DockerHub ? DockerHubHost : registry;
        var https = new Uri($"https://{host}/");
        var http = new Uri($"http://{host}/");
        if (!PlainHttpRule.Allows(http, plainHttpHosts))
            return new RegistryEndpoint(registry, https, IsMirror: false);

        if (!_schemes.TryGetValue(host, out string? scheme) && (scheme = await FindSchemeAsync(https, cancellation)) is not null)
        {
            if (_schemes.Count >= MaxKnown)
                _schemes.Clear();
            _schemes[host] = scheme;
        }

        // Without an answer by https the other is tried, but not kept: the server may have been down.
        return new RegistryEndpoint(registry, scheme == Uri.UriSchemeHttps ? https : http, IsMirror: false);
    }

    // The request has no credentials. A server whose certificate is refused is not asked in plain http instead. Null: the server is not there.
    private async Task<string?> FindSchemeAsync(Uri https, CancellationToken cancellation)
    {
        try
        {
            using OutgoingResponse response = await client.SendAsync(new OutgoingRequest(HttpMethod.Get, new Uri(https, "v2/")), cancellation);
            return Uri.UriSchemeHttps;
        }
        catch (RemoteException failure) when (failure.Reason == RemoteReason.Untrusted)
        {
            return Failures.IsNoTls(failure) ? Uri.UriSchemeHttp : Uri.UriSchemeHttps;
        }
        catch (RemoteException failure) when (failure.Reason is RemoteReason.Unreachable or RemoteReason.ProxyFailed or RemoteReason.ConnectionLost)
        {
            return null;
        }
        catch (RemoteException)
        {
            return Uri.UriSchemeHttps;
        }
    }

    private static Uri WithSlash(Uri address) => address.AbsolutePath.EndsWith('/') ? address : new Uri(address.AbsoluteUri + "/");
}
