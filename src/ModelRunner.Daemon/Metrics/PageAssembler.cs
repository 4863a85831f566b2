using System.Diagnostics.CodeAnalysis;
using ModelRunner.Configuration;
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
/// <para>3. A page of the very same readings that another scrape began is joined. Else:</para>
/// <para>4. Each whole body read into the merger, whose verdict may still refuse it, as long as there is time.</para>
/// <para>5. The daemon's own families, which say of every runner whether it is on the page and why not.</para>
/// <para>6. Merged, and the first part written. From here on no runner and no scraper is waited for.</para>
/// <para>Nothing here takes a lock that a load, an unload or a request could hold.</para>
/// </remarks>
internal sealed class PageAssembler : IDisposable
{
    /// <summary>Bytes that pages may take together while they are made and read, the bodies not included.</summary>
    public const long MaxPageBytes = 256L * 1024 * 1024;

    /// <summary>A body of so many bytes is read in before anybody can look at a clock.</summary>
    private const int AlwaysInTime = 16 * 1024;

    private readonly Func<IReadOnlyList<RunnerSnapshot>> _runners;
    private readonly RunnerScraper _scraper;
    private readonly TimeProvider _time;
    private readonly ILogger<PageAssembler> _logger;
    private readonly MergeWorkspaces _workspaces;
    private readonly PageBudget _budget;
    private readonly OpenPages _pages = new();
    private readonly MergePace _plainPace = new(restPerReading: 2);
    private readonly MergePace _packedPace = new(restPerReading: 8);
    private readonly DaemonMetrics _own;
    private readonly CounterTable _counters = new();
    private int[] _conflicts = new int[MergeConflicts.All.Count];

    public PageAssembler(
        Func<IReadOnlyList<RunnerSnapshot>> runners, RunnerScraper scraper, MetricsSettings settings, TimeProvider time, ILogger<PageAssembler> logger,
        SharedEndpoints? shared = null, long mostPageBytes = MaxPageBytes)
    {
        (_runners, _scraper, _time, _logger) = (runners, scraper, time, logger);
        _workspaces = new MergeWorkspaces(new ExpositionLimits { MaxSamples = settings.MaxSamples });
        _own = new DaemonMetrics(settings, shared ?? new SharedEndpoints([]), new ProcessFigures(time));
        _budget = new PageBudget(mostPageBytes, time);

        // A slow reader must not cost a runner its place on another's page.
        scraper.Bodies.MakeRoomAsync = cancellation => _budget.MakeRoomAsync(static page => !page.IsWhole, cancellation);
    }

    /// <summary>Makes a page, or joins one.</summary>
    /// <param name="form">What the scraper and we agreed on.</param>
    /// <param name="deadline">The scrape's times.</param>
    /// <param name="arrivedAt">What they are counted from, as a timestamp of the time provider.</param>
    /// <param name="cancellationToken">Cancelled when the scraper went away.</param>
    /// <returns>A reader of the page, which the caller disposes of; null where its turn to be merged did not come in time.</returns>
    public async Task<PageReader?> AssembleAsync(PageForm form, ScrapeDeadline deadline, long arrivedAt, CancellationToken cancellationToken)
    {
        // Step 1
        IReadOnlyList<RunnerSnapshot> snapshot = [.. _runners().Where(static runner => runner.State != RunnerState.Waiting)];

        // Step 2
        MergePace pace = PaceOf(form);
        ScrapeResult scrape = await _scraper.ScrapeAsync(
            snapshot, bytes => Earlier(deadline.Reading, deadline.Answer - pace.TimeFor(bytes)), cancellationToken);

        // Step 3
        long answerAt = arrivedAt + (long)(deadline.Answer.TotalSeconds * _time.TimestampFrequency);
        while (true)
        {
            PageReader reader = _pages.Join(
                form, scrape, answerAt, () => new MetricsPage(_workspaces, _budget, form, scrape, answerAt, _time), out bool isNew);
            if (isNew)
                return await TryMakeAsync(reader, snapshot, form, answerAt, cancellationToken) ? reader : null;
            if (await IsMadeAsync(reader, answerAt, cancellationToken))
            {
                scrape.Dispose();
                return reader;
            }

            reader.Dispose();
            if (cancellationToken.IsCancellationRequested || Left(answerAt) <= TimeSpan.Zero)
            {
                scrape.Dispose();
                return null;
            }
        }
    }

    public void Dispose() => _workspaces.Dispose();

    private async Task<bool> IsMadeAsync(PageReader reader, long answerAt, CancellationToken cancellationToken)
    {
        try
        {
            TimeSpan left = Left(answerAt);
            return await reader.Page.Made.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, _time, cancellationToken);
        }
        catch (Exception failure) when (failure is TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }

    // Others may wait for the page, so it is made even where the scraper that began it has gone.
    private async Task<bool> TryMakeAsync(
        PageReader reader, IReadOnlyList<RunnerSnapshot> snapshot, PageForm form, long answerAt, CancellationToken cancellationToken)
    {
        MetricsPage page = reader.Page;
        SegmentedBuffer? first = null;
        bool isLast = false;
        var figures = new MakingFigures(_time);
        long wanted = page.Scrape.BodyBytes;
        bool hasRoom = false;
        try
        {
            hasRoom = await _budget.TryTakeAsync(wanted, Left(answerAt), CancellationToken.None);
            if (!hasRoom || !await _workspaces.TryTakeTurnAsync(Left(answerAt)))
                return false;
            try
            {
                if (cancellationToken.IsCancellationRequested && page.Readers == 1)
                    return false;
                first = new SegmentedBuffer();
                Fill(page, snapshot, form, answerAt, figures);
                isLast = page.WriteFirst(first);
                figures.PartBytes = first.Length;
            }
            catch
            {
                first = null;
                throw;
            }
            finally
            {
                _workspaces.EndTurn();
            }

            return true;
        }
        finally
        {
            if (hasRoom)
                _budget.Change(-wanted);
            page.EndMaking(first, isLast);
            if (first is null)
                reader.Dispose();
            else
                figures.Tell(PaceOf(form));
            _pages.Tidy();
        }
    }

    private void Fill(MetricsPage page, IReadOnlyList<RunnerSnapshot> snapshot, PageForm form, long answerAt, MakingFigures figures)
    {
        MergeWorkspace workspace = page.Open();
        ExpositionMerger merger = workspace.Merger;
        figures.Begin();

        // Step 4
        SourceOutcome[] sources = ReadIn(merger, page, PaceOf(form).TimeForReadingIn(Left(answerAt)), figures);
        figures.EndReadingIn();
        foreach (ref readonly SourceOutcome source in sources.AsSpan())
            NoteHealth(source);

        // Step 5
        _own.Write(workspace.OwnPage, sources, _conflicts);
        merger.AddOwn(workspace.OwnPage.WrittenMemory);

        // Step 6
        merger.BeginPage(form.Exposition.Format, form.Exposition.Escaping);
        figures.EndMerging();
        Count(merger, sources);
        _counters.Trim(snapshot);
    }

    // Small bodies first: where there is no time for all, the large ones are left out.
    private SourceOutcome[] ReadIn(ExpositionMerger merger, MetricsPage page, TimeSpan left, MakingFigures figures)
    {
        ReadOnlySpan<ScrapeOutcome> outcomes = page.Scrape.Outcomes;
        var sources = new SourceOutcome[outcomes.Length];
        if (page.Scrape.BodyBytes < MergePace.LeastBytes)
        {
            for (int i = 0; i < sources.Length; i++)
                sources[i] = Read(merger, outcomes[i], page.Readers, isOver: null);
            return sources;
        }

        int[] order = new int[sources.Length];
        int[] sizes = new int[sources.Length];
        for (int i = 0; i < order.Length; i++)
            (order[i], sizes[i]) = (i, outcomes[i].Failure is null ? outcomes[i].RunnerScrape!.Body.Length : 0);
        Array.Sort(sizes, order);
        long startedAt = _time.GetTimestamp();
        Func<bool> isOver = () => _time.GetElapsedTime(startedAt) >= left;
        for (int i = 0; i < order.Length; i++)
        {
            sources[order[i]] = Read(merger, outcomes[order[i]], page.Readers, sizes[i] <= AlwaysInTime ? null : isOver);
            if (sources[order[i]].Summary is not null)
                figures.AddBody(sizes[i]);
        }

        return sources;
    }

    private SourceOutcome Read(ExpositionMerger merger, in ScrapeOutcome scrape, int readers, Func<bool>? isOver)
    {
        RunnerCounters counters = _counters.Of(scrape.Runner);
        if (scrape.Failure is { } failure)
        {
            // A reading that goes on is counted for each scrape that it came too late for, one that failed only once.
            if (scrape.IsLate)
                counters.CountFailure(failure, readers);
            else if (scrape.RunnerScrape?.TryCount() == true)
                counters.CountFailure(failure);
            return new SourceOutcome(scrape, Summary: null, failure, counters);
        }

        RunnerScrape reading = scrape.RunnerScrape!;
        if (!TryAdd(merger, scrape.Labels, reading, isOver, out SourceSummary? summary))
        {
            counters.CountFailure(ScrapeFailureReason.Timeout, readers);
            return new SourceOutcome(scrape, Summary: null, ScrapeFailureReason.Timeout, counters);
        }

        if (summary is { IsUnreadable: false, IsTooLarge: false })
            return new SourceOutcome(scrape, summary, Failure: null, counters);
        ScrapeFailureReason refusal = summary.IsTooLarge ? ScrapeFailureReason.TooLarge : ScrapeFailureReason.Parse;
        if (reading.TryCount())
        {
            counters.CountFailure(refusal);
            counters.CountDropped(summary);
        }

        return new SourceOutcome(scrape, Summary: null, refusal, counters);
    }

    private static bool TryAdd(
        ExpositionMerger merger, TargetLabels labels, RunnerScrape reading, Func<bool>? isOver, [NotNullWhen(true)] out SourceSummary? summary)
    {
        summary = null;
        if (isOver?.Invoke() == true)
            return false;
        try
        {
            ExpositionFormat format = reading.IsOpenMetrics ? ExpositionFormat.OpenMetrics100 : ExpositionMerger.FormatOf(reading.Body.Span);
            summary = merger.Add(labels, reading.Body, format, isOver);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    // The log tells changes only: a scrape comes every few seconds.
    private void NoteHealth(in SourceOutcome source)
    {
        ScrapeFailureReason? failure = source.Failure is { } reason && reason.IsOfLife() ? null : source.Failure;
        if (failure != source.Counters.LastFailure)
        {
            RunnerKey key = source.Scrape.Runner.Key;
            if (failure is { } cause)
                _logger.LogAbsent(key.Model, key.Backend, ModeText.Format(key.Mode), cause.ToSentence());
            else if (source.Failure is null)
                _logger.LogPresent(key.Model, key.Backend, ModeText.Format(key.Mode));
        }

        source.Counters.LastFailure = failure;
    }

    // Duplicates are only known after the merge. What is counted here shows on the next page.
    private void Count(ExpositionMerger merger, SourceOutcome[] sources)
    {
        foreach (SourceOutcome source in sources)
        {
            if (source.Summary is not { } summary)
                continue;
            if (source.Scrape.RunnerScrape!.TryCount())
                source.Counters.CountDropped(summary);
            else if (summary.Dropped(ExpositionErrorReason.EscapingCollision) > 0 && source.Scrape.RunnerScrape.TryCountEscaping())
                source.Counters.CountDropped(summary, ExpositionErrorReason.EscapingCollision);
        }

        var conflicts = new int[_conflicts.Length];
        foreach (MergeConflict conflict in MergeConflicts.All)
            conflicts[(int)conflict] = merger.Conflicts(conflict);
        _conflicts = conflicts;
    }

    private MergePace PaceOf(PageForm form) => form.UseGzip ? _packedPace : _plainPace;

    private TimeSpan Left(long answerAt) => _time.GetElapsedTime(_time.GetTimestamp(), answerAt);

    private static TimeSpan Earlier(TimeSpan left, TimeSpan right) => left < right ? left : right;
}
