using ModelRunner.Store.Names;

namespace ModelRunner.Store.Registries.Access;

/// <summary>The names under which the configuration of docker keeps the credentials of a registry.</summary>
internal static class RegistryKeys
{
    /// <summary>The name of Docker Hub that <c>docker login</c> writes and passes to helpers.</summary>
    public const string DockerHub = "https://index.docker.io/v1/";

    private static readonly string[] DockerHubNames = ["index.docker.io", ArtifactName.DockerHub, RegistryLookup.DockerHubHost];

    /// <summary>The names of a registry, as <see cref="Simplify"/> returns them, the usual one first.</summary>
    public static IReadOnlyList<string> Of(string host) => host == ArtifactName.DockerHub ? DockerHubNames : [host];

    /// <summary>What a helper is asked for.</summary>
    public static string ForHelper(string host) => host == ArtifactName.DockerHub ? DockerHub : host;

    /// <summary>Host and port of a name, which can be written as an address with a path: <c>https://host/v1/</c>.</summary>
    public static string Simplify(string key)
    {
        int scheme = key.IndexOf("://", StringComparison.Ordinal);
        string rest = scheme < 0 ? key : key[(scheme + 3)..];
        int slash = rest.IndexOf('/', StringComparison.Ordinal);
        return (slash < 0 ? rest : rest[..slash]).Trim().ToLowerInvariant();
    }
}
