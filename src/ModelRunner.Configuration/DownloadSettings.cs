namespace ModelRunner.Configuration;

/// <summary>How models are fetched, and which registries are asked.</summary>
internal sealed record DownloadSettings
{
    /// <summary>Whether a request for a model that is not there pulls it.</summary>
    public bool OnRequest { get; init; } = ConfigurationCatalog.PullOnRequest.DefaultSwitch;

    /// <summary>Bytes per second of all pulls together; null: no limit.</summary>
    public long? BytesPerSecond { get; init; }

    /// <summary>Addresses that are asked before Docker Hub, in this order.</summary>
    public IReadOnlyList<Uri> Mirrors { get; init; } = [];

    /// <summary>Absolute path of the PEM file with further authorities of registries; null: there are none.</summary>
    public string? AuthorityFile { get; init; }

    /// <summary>Registries that may be asked in plain http: lower case, with the port if it is not 80.</summary>
    public IReadOnlyList<string> PlainHttpHosts { get; init; } = [];

    /// <summary>Token servers that may get the credentials of registries on other hosts.</summary>
    public IReadOnlyList<string> TrustedRealms { get; init; } = [];

    /// <summary>These settings with the values of a running daemon for every option that only a restart changes.</summary>
    public DownloadSettings KeepUntilRestart(DownloadSettings running) => running with { OnRequest = OnRequest, BytesPerSecond = BytesPerSecond };
}
