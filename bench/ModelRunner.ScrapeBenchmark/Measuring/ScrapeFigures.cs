namespace ModelRunner.ScrapeBenchmark.Measuring;

/// <summary>What one measurement of an aggregator gave.</summary>
internal sealed record ScrapeFigures
{
    /// <summary>How many scrapes were answered.</summary>
    public required int Scrapes { get; init; }

    /// <summary>CPU time of the aggregator's process per scrape.</summary>
    public required double CpuMilliseconds { get; init; }

    /// <summary>How much of the CPU time was spent in user mode: 0 to 1, or NaN where it was too short to tell.</summary>
    public required double UserShare { get; init; }

    /// <summary>The time that half of the scrapes kept within.</summary>
    public required double MedianMilliseconds { get; init; }

    /// <summary>The time that 99 of 100 scrapes kept within.</summary>
    public required double SlowMilliseconds { get; init; }

    /// <summary>How long the page is.</summary>
    public required long PageBytes { get; init; }

    /// <summary>The aggregator's memory after the last scrape.</summary>
    public required long ResidentBytes { get; init; }

    /// <summary>The most that its memory was meanwhile.</summary>
    public required long PeakBytes { get; init; }

    /// <summary>CPU that neither the aggregator nor this tool used, in percent of one core: the noise of the machine.</summary>
    public required double ForeignPercent { get; init; }
}
