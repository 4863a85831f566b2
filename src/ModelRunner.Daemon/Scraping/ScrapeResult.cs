namespace ModelRunner.Daemon.Scraping;

/// <summary>What one scrape learned of all runners. Disposing lets go of the bodies.</summary>
internal sealed class ScrapeResult(ScrapeOutcome[] outcomes) : IDisposable
{
    /// <summary>In the order of the runners that were asked for.</summary>
    public ReadOnlySpan<ScrapeOutcome> Outcomes => outcomes;

    public void Dispose()
    {
        foreach (ScrapeOutcome outcome in outcomes)
            outcome.Reading?.Release();
    }
}
