namespace ModelRunner.Configuration;

/// <summary>The settings of <c>/metrics</c>.</summary>
internal sealed record MetricsSettings
{
    /// <summary>False when <c>DISABLE_METRICS</c> is set: the route is absent and runners start without metrics.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Scrapes within this time after a reading of a runner share that reading. Default 1 s; 0: every scrape reads.</summary>
    public TimeSpan MinInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The deadline if the scraper sends none. Default 5 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The most decoded bytes of one runner's page. Default 16 MiB.</summary>
    public int MaxBodyBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>The most bytes of memory for the pages of all runners. Default 256 MiB.</summary>
    public long MaxTotalBodyBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>The most samples of one runner's page. Default 200,000.</summary>
    public int MaxSamples { get; init; } = 200_000;
}
