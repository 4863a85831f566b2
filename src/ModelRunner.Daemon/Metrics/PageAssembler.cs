using ModelRunner.Daemon.Configuration;
using ModelRunner.Daemon.Runners;
using ModelRunner.Daemon.Scraping;
using ModelRunner.Exposition;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Metrics;

/// <summary>
/// Puts one page together.
/// </summary>
/// <remarks>
/// <para>The steps, each marked in the code:</para>
/// <para>1. The runners as they are now, a copy that waits for nothing.</para>
/// <para>2. All asked at once, under one deadline; readings are shared with other scrapes.</para>
/// <para>3. Each whole body read into the merger, whose verdict may still refuse it.</para>
/// <para>4. The daemon's own families, which say of every runner whether it is on the page and why not.</para>
/// <para>5. Merged, and the first part written. From here on no runner and no scraper is waited for.</para>
/// <para>Nothing here takes a lock that a load, an unload or a request could hold.</para>
/// </remarks>
internal sealed class PageAssembler(
    Func<IReadOnlyList<RunnerSnapshot>> runners, RunnerScraper scraper, MetricsSettings settings, TimeProvider time, ILogger<PageAssembler> logger)
    : IDisposable
{
    private readonly MergeWorkspaces _workspaces = new(new ExpositionLimits { MaxSamples = settings.MaxSamples });
    private readonly OwnFamilies _own = new(settings, new ProcessFigures(time));
    private readonly CounterTable _counters = new();
    private int[] _conflicts = new int[MergeConflicts.All.Count];

    /// <summary>Makes a page.</summary>
    /// <param name="form">What the scraper and we agreed on.</param>
    /// <param name="mayBeParted">Whether it may be sent in parts.</param>
    /// <param name="deadline">The scrape's times.</param>
    /// <param name="arrivedAt">What they are counted from, as a timestamp of the time provider.</param>
    /// <param name="cancellationToken">Cancelled when the scraper went away.</param>
    /// <returns>The page, which the caller disposes of; null where its turn to be merged did not come in time.</returns>
    public async Task<MetricsPage?> AssembleAsync(
        NegotiatedExposition form, bool mayBeParted, ScrapeDeadline deadline, long arrivedAt, CancellationToken cancellationToken)
    {
        // Step 1
        IReadOnlyList<RunnerSnapshot> snapshot = [.. runners().Where(static runner => runner.State != RunnerState.Waiting)];

        // Step 2
        var page = new MetricsPage(_workspaces, await scraper.ScrapeAsync(snapshot, deadline.Reading, cancellationToken));
        bool isMade = false;
        try
        {
            if (!await page.TryEnterAsync(deadline.Answer - time.GetElapsedTime(arrivedAt), cancellationToken))
                return null;
            if (!await _workspaces.TryTakeTurnAsync(deadline.Answer - time.GetElapsedTime(arrivedAt), cancellationToken))
                return null;
            MakeInTurn(page, snapshot, form, mayBeParted);
            isMade = true;
            return page;
        }
        finally
        {
            if (!isMade)
                page.Dispose();
        }
    }

    public void Dispose() => _workspaces.Dispose();

    private void MakeInTurn(MetricsPage page, IReadOnlyList<RunnerSnapshot> snapshot, NegotiatedExposition form, bool mayBeParted)
    {
        try
        {
            MergeWorkspace workspace = page.Open();
            ExpositionMerger merger = workspace.Merger;

            // Step 3
            var sources = new SourceOutcome[page.Scrape.Outcomes.Length];
            for (int i = 0; i < sources.Length; i++)
            {
                sources[i] = Read(merger, page.Scrape.Outcomes[i]);
                NoteHealth(sources[i]);
            }

            // Step 4
            _own.Write(workspace.OwnPage, sources, _conflicts);
            merger.AddOwn(workspace.OwnPage.WrittenMemory);

            // Step 5
            merger.BeginPage(form.Format, form.Escaping);
            Count(merger, sources);
            _counters.Trim(snapshot);
            page.WriteFirst(mayBeParted);
        }
        finally
        {
            _workspaces.EndTurn();
        }
    }

    private SourceOutcome Read(ExpositionMerger merger, ScrapeOutcome scrape)
    {
        RunnerCounters counters = _counters.Of(scrape.Runner);
        if (scrape.Failure is { } failure)
        {
            // A reading that goes on is counted for each scrape that it came too late for, one that failed only once.
            if (scrape.IsLate || scrape.Reading?.TryCount() == true)
                counters.CountFailure(failure);
            return new SourceOutcome(scrape, Summary: null, failure, counters);
        }

        Reading reading = scrape.Reading!;
        SourceSummary summary = reading.IsOpenMetrics
            ? merger.Add(scrape.Labels, reading.Body, ExpositionFormat.OpenMetrics100)
            : merger.Add(scrape.Labels, reading.Body);
        if (!summary.IsUnreadable)
            return new SourceOutcome(scrape, summary, Failure: null, counters);
        if (reading.TryCount())
        {
            counters.CountFailure(ScrapeFailureReason.Parse);
            counters.CountDropped(summary);
        }

        return new SourceOutcome(scrape, Summary: null, ScrapeFailureReason.Parse, counters);
    }

    // The log tells changes only: a scrape comes every few seconds.
    private void NoteHealth(in SourceOutcome source)
    {
        ScrapeFailureReason? failure = source.Failure is { } reason && reason.IsOfLife() ? null : source.Failure;
        if (failure != source.Counters.LastFailure)
        {
            RunnerKey key = source.Scrape.Runner.Key;
            if (failure is { } cause)
                logger.LogAbsent(key.Model, key.Backend, ModeText.Format(key.Mode), cause.ToSentence());
            else if (source.Failure is null)
                logger.LogPresent(key.Model, key.Backend, ModeText.Format(key.Mode));
        }

        source.Counters.LastFailure = failure;
    }

    // Duplicates are only known after the merge. What is counted here shows on the next page.
    private void Count(ExpositionMerger merger, SourceOutcome[] sources)
    {
        foreach (SourceOutcome source in sources)
        {
            if (source.Summary is { } summary && source.Scrape.Reading!.TryCount())
                source.Counters.CountDropped(summary);
        }

        var conflicts = new int[_conflicts.Length];
        foreach (MergeConflict conflict in MergeConflicts.All)
            conflicts[(int)conflict] = merger.Conflicts(conflict);
        _conflicts = conflicts;
    }
}
