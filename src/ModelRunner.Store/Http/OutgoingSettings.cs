namespace ModelRunner.Store.Http;

/// <summary>How this program talks to other machines.</summary>
internal sealed record OutgoingSettings
{
    /// <summary>The proxies; <see cref="ProxyRules.FromEnvironment()"/> reads those of the environment.</summary>
    public ProxyRules Proxies { get; init; } = ProxyRules.None;

    /// <summary>Hosts, with the port if it is not 80, that may be asked by plain http. This machine needs no entry.</summary>
    public IReadOnlyList<string> PlainHttpHosts { get; init; } = [];

    /// <summary>PEM file of authorities that are trusted beside those of the system; null: there are none.</summary>
    public string? AuthorityFile { get; init; }

    /// <summary>The time for name, connection and handshake.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The time from the end of the request to the headers of the response, and between two parts of a request's body.</summary>
    public TimeSpan HeadersTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The time between two parts of a response's body. There is no limit for the whole body.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>What this program calls itself.</summary>
    public string UserAgent { get; init; } = "model-runner";
}
