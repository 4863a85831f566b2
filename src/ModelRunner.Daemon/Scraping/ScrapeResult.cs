using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Scraping;

/// <summary>The outcome of one scrape for all runners. Disposing releases the bodies.</summary>
/// <remarks>
/// Its owner disposes of it. The scraper passes it to the caller, and the caller to the code that writes the page. A new page takes it over
/// and disposes of it after the last part is written or after the last reader has left. If an existing page is joined, it is disposed of at
/// once. A body returns to the pool when no result and no target refers to it any more.
/// </remarks>
/// <param name="runners">The runners.</param>
/// <param name="outcomes">One outcome for each runner, in the same order.</param>
internal sealed class ScrapeResult(IReadOnlyList<RunnerSnapshot> runners, ScrapeOutcome[] outcomes) : IDisposable
{
    /// <summary>The runners, also those without a page.</summary>
    public IReadOnlyList<RunnerSnapshot> Runners => runners;

    /// <summary>One outcome for each runner, in the order of <see cref="Runners"/>.</summary>
    public ReadOnlySpan<ScrapeOutcome> Outcomes => outcomes;

    /// <summary>What the processes of the runners use, as far as it was measured in time.</summary>
    public IReadOnlyDictionary<RunnerId, RunnerUsage> Usages { get; set; } = UsageMeter.Nothing;

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
