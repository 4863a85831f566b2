namespace ModelRunner.Store.Registries;

/// <summary>How registries are asked.</summary>
internal sealed record RegistrySettings
{
    /// <summary>Addresses that are asked before Docker Hub, in this order. They never get credentials of Docker Hub.</summary>
    public IReadOnlyList<Uri> DockerHubMirrors { get; init; } = [];

    /// <summary>Hosts of token servers that may get the credentials of registries on other hosts.</summary>
    public IReadOnlyList<string> TrustedRealms { get; init; } = [];

    /// <summary>How often a request is sent before its failure counts.</summary>
    public int MaxTries { get; init; } = 5;

    /// <summary>The first wait between two attempts; each further one is twice as long.</summary>
    public TimeSpan FirstWait { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait that a server may ask for. If it asks for more, the request fails and says when to come back.</summary>
    public TimeSpan MaxWait { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Called with one line about what is not an error: a wait, a mirror that fails, a credential helper that fails.</summary>
    public Action<string> Notify { get; init; } = static _ => { };
}
