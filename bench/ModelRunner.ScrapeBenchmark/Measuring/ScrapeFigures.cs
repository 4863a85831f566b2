namespace ModelRunner.ScrapeBenchmark.Measuring;

/// <summary>The result of one measurement of an aggregator.</summary>
internal sealed record ScrapeFigures
{
    /// <summary>The number of completed scrapes.</summary>
    public required int Scrapes { get; init; }

    /// <summary>CPU time of the aggregator's process per scrape.</summary>
    public required double CpuMilliseconds { get; init; }

    /// <summary>The share of CPU time in user mode: 0 to 1, or NaN if the time was too short.</summary>
    public required double UserShare { get; init; }

    /// <summary>The median duration of a scrape.</summary>
    public required double MedianMilliseconds { get; init; }

    /// <summary>The 99th percentile of the duration of a scrape.</summary>
    public required double SlowMilliseconds { get; init; }

    /// <summary>The length of the page.</summary>
    public required long PageBytes { get; init; }

    /// <summary>The aggregator's memory after the last scrape.</summary>
    public required long ResidentBytes { get; init; }

    /// <summary>The maximum of its memory during the measurement.</summary>
    public required long PeakBytes { get; init; }

    /// <summary>CPU that neither the aggregator nor this tool used, in percent of one core: the noise of the machine.</summary>
    public required double ForeignPercent { get; init; }
}
