namespace ModelRunner.Daemon.Scraping;

/// <summary>The outcome of one scrape for all runners. Disposing releases the bodies.</summary>
/// <remarks>
/// Its owner disposes of it. <see cref="RunnerScraper"/> passes it to the caller. A caller that creates a page passes it to the page, which
/// disposes of it after the last part is written or after the last reader has left. A caller that joins an existing page disposes of its own
/// result at once. A body returns to the pool when no result and no target refers to it any more.
/// </remarks>
internal sealed class ScrapeResult(ScrapeOutcome[] outcomes) : IDisposable
{
    /// <summary>One outcome for each runner, in the order of the request.</summary>
    public ReadOnlySpan<ScrapeOutcome> Outcomes => outcomes;

    /// <summary>The bytes of all bodies at the time of the scrape.</summary>
    public long BodyBytes { get; } = outcomes.Sum(static outcome => outcome.Failure is null ? (long)outcome.RunnerScrape!.Body.Length : 0);

    /// <summary>Whether another scrape has the same runners in the same states and refers to the same bodies.</summary>
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
