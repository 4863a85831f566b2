using System.Buffers;
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
/// <para>5. Merged and written to one buffer. From here on no runner and no other scrape is waited for.</para>
/// <para>Nothing here takes a lock that a load, an unload or a request could hold.</para>
/// </remarks>
internal sealed class PageAssembler(
    Func<IReadOnlyList<RunnerSnapshot>> runners, RunnerScraper scraper, MetricsSettings settings, TimeProvider time, ILogger<PageAssembler> logger)
    : IDisposable
{
    // One page at a time: the merger keeps its buffers, and more at once would only share the same processors and take more memory.
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly ArrayBufferWriter<byte> _ownPage = new();
    private readonly OwnFamilies _own = new(settings, new ProcessFigures(time));
    private readonly CounterTable _counters = new();
    private readonly ExpositionMerger _merger = new(new ExpositionLimits { MaxSamples = settings.MaxSamples });
    private int[] _conflicts = new int[MergeConflicts.All.Count];

    /// <summary>Makes a page.</summary>
    /// <param name="page">What the scraper and we agreed on.</param>
    /// <param name="deadline">The scrape's times.</param>
    /// <param name="arrivedAt">What they are counted from, as a timestamp of the time provider.</param>
    /// <param name="cancellationToken">Cancelled when the scraper went away.</param>
    /// <returns>The page, which the caller disposes of; null where its turn to be merged did not come in time.</returns>
    public async Task<SegmentedBuffer?> AssembleAsync(
        NegotiatedExposition page, ScrapeDeadline deadline, long arrivedAt, CancellationToken cancellationToken)
    {
        // Step 1
        IReadOnlyList<RunnerSnapshot> snapshot = [.. runners().Where(static runner => runner.State != RunnerState.Waiting)];

        // Step 2
        using ScrapeResult scrape = await scraper.ScrapeAsync(snapshot, deadline.Reading, cancellationToken);
        TimeSpan left = deadline.Answer - time.GetElapsedTime(arrivedAt);
        if (!await _gate.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, cancellationToken))
            return null;
        var output = new SegmentedBuffer();
        try
        {
            Merge(snapshot, scrape, page, output);
            return output;
        }
        catch
        {
            output.Dispose();
            throw;
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private void Merge(IReadOnlyList<RunnerSnapshot> snapshot, ScrapeResult scrape, NegotiatedExposition page, SegmentedBuffer output)
    {
        try
        {
            // Step 3
            var sources = new SourceOutcome[scrape.Outcomes.Length];
            for (int i = 0; i < sources.Length; i++)
            {
                sources[i] = Read(scrape.Outcomes[i]);
                NoteHealth(sources[i]);
            }

            // Step 4
            _ownPage.ResetWrittenCount();
            _own.Write(_ownPage, sources, _conflicts);
            _merger.AddOwn(_ownPage.WrittenMemory);

            // Step 5
            _merger.WriteTo(output, page.Format, page.Escaping);
            Count(sources);
            _counters.Trim(snapshot);
        }
        finally
        {
            _merger.Reset();
        }
    }

    private SourceOutcome Read(ScrapeOutcome scrape)
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
            ? _merger.Add(scrape.Labels, reading.Body, ExpositionFormat.OpenMetrics100)
            : _merger.Add(scrape.Labels, reading.Body);
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
    private void Count(SourceOutcome[] sources)
    {
        foreach (SourceOutcome source in sources)
        {
            if (source.Summary is { } summary && source.Scrape.Reading!.TryCount())
                source.Counters.CountDropped(summary);
        }

        var conflicts = new int[_conflicts.Length];
        foreach (MergeConflict conflict in MergeConflicts.All)
            conflicts[(int)conflict] = _merger.Conflicts(conflict);
        _conflicts = conflicts;
    }
}
