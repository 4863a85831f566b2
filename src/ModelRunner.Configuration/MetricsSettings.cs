namespace ModelRunner.Configuration;

/// <summary>How <c>/metrics</c> collects.</summary>
internal sealed record MetricsSettings
{
    /// <summary>False when <c>DISABLE_METRICS</c> is set: the route is absent and runners start without metrics.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Scrapes within this time after a reading of a runner share it. Default 1 s; 0: every scrape reads.</summary>
    public TimeSpan MinInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The deadline where the scraper sends none. Default 5 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Decoded bytes that one runner may send. Default 16 MiB.</summary>
    public int MaxBodyBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Bytes that the pages of all runners may take in memory together. Default 256 MiB.</summary>
    public long MaxTotalBodyBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>Samples that one runner may send. Default 200,000.</summary>
    public int MaxSamples { get; init; } = 200_000;
}
