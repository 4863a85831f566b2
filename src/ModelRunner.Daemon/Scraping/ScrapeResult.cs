namespace ModelRunner.Daemon.Scraping;

/// <summary>What one scrape learned of all runners. Disposing lets go of the bodies.</summary>
internal sealed class ScrapeResult(ScrapeOutcome[] outcomes) : IDisposable
{
    /// <summary>In the order of the runners that were asked for.</summary>
    public ReadOnlySpan<ScrapeOutcome> Outcomes => outcomes;

    /// <summary>The bytes of all bodies that it holds.</summary>
    public long BodyBytes => outcomes.Sum(static outcome => outcome.Failure is null ? (long)outcome.Reading!.Body.Length : 0);

    public void Dispose()
    {
        foreach (ScrapeOutcome outcome in outcomes)
            outcome.Reading?.Release();
    }
}
