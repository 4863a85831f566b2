namespace ModelRunner.Daemon.Scraping;

/// <summary>What one scrape learned of all runners. Disposing lets go of the bodies.</summary>
/// <remarks>
/// Who has it disposes of it. <see cref="RunnerScraper"/> gives it to the scrape. A scrape that begins a page gives it to the page, which disposes
/// of it when all of the page is written or when its last reader has left. A scrape that joins the page of another one disposes of its own at once.
/// A body goes back to the pool when no result and no target holds its reading any more.
/// </remarks>
internal sealed class ScrapeResult(ScrapeOutcome[] outcomes) : IDisposable
{
    /// <summary>In the order of the runners that were asked for.</summary>
    public ReadOnlySpan<ScrapeOutcome> Outcomes => outcomes;

    /// <summary>The bytes of all bodies that it held at first.</summary>
    public long BodyBytes { get; } = outcomes.Sum(static outcome => outcome.Failure is null ? (long)outcome.RunnerScrape!.Body.Length : 0);

    /// <summary>Whether another scrape found the same runners in the same states, with the very same readings.</summary>
    public bool IsSameAs(ScrapeResult other)
    {
        if (outcomes.Length != other.Outcomes.Length)
            return false;
        for (int i = 0; i < outcomes.Length; i++)
        {
            ref readonly ScrapeOutcome one = ref outcomes[i];
            ref readonly ScrapeOutcome two = ref other.Outcomes[i];
            bool isSame = one.Runner.Id == two.Runner.Id && one.Runner.State == two.Runner.State && one.Failure == two.Failure
                && one.IsLate == two.IsLate && ReferenceEquals(one.RunnerScrape, two.RunnerScrape);
            if (!isSame)
                return false;
        }

        return true;
    }

    public void Dispose()
    {
        foreach (ScrapeOutcome outcome in outcomes)
            outcome.RunnerScrape?.Release();
    }
}
