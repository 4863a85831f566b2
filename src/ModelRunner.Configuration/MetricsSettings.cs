namespace ModelRunner.Configuration;

/// <summary>The settings of <c>/metrics</c>. The defaults come from <see cref="ConfigurationCatalog"/>.</summary>
internal sealed record MetricsSettings
{
    /// <summary>False when <c>DISABLE_METRICS</c> is set: the route is absent and runners start without metrics.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Scrapes within this time after a reading of a runner share that reading; 0: every scrape reads.</summary>
    public TimeSpan MinInterval { get; init; } = ConfigurationCatalog.MetricsMinInterval.DefaultDuration;

    /// <summary>The deadline if the scraper sends none.</summary>
    public TimeSpan Timeout { get; init; } = ConfigurationCatalog.MetricsTimeout.DefaultDuration;

    /// <summary>The most decoded bytes of one runner's page.</summary>
    public int MaxBodyBytes { get; init; } = (int)ConfigurationCatalog.MetricsMaxBodyBytes.DefaultBytes;

    /// <summary>The most bytes of memory for the pages of all runners.</summary>
    public long MaxTotalBodyBytes { get; init; } = ConfigurationCatalog.MetricsMaxTotalBodyBytes.DefaultBytes;

    /// <summary>The most samples of one runner's page.</summary>
    public int MaxSamples { get; init; } = ConfigurationCatalog.MetricsMaxSamples.DefaultInteger;

    /// <summary>The most models whose totals are shown by name.</summary>
    public int MaxModels { get; init; } = ConfigurationCatalog.MetricsMaxModels.DefaultInteger;
}
