using System.Diagnostics.CodeAnalysis;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Scraping;
using ModelRunner.Exposition;
using ModelRunner.Scheduling;
using ModelRunner.Store.Pulls;
using ModelRunner.Store.Pushes;

namespace ModelRunner.Daemon.Metrics;

/// <summary>Creates the page of one scrape, or joins the page of another one. Thread-safe.</summary>
/// <remarks>
/// <para>The steps, each marked in the code:</para>
/// <para>1. Join the page of another scrape if it has the same bodies. Otherwise:</para>
/// <para>2. Add each complete body to the merger, as long as there is time. The merger may refuse it.</para>
/// <para>3. Add the families of the daemon, which state for each runner whether it is on the page and why not.</para>
/// <para>4. Merge, and write the first part.</para>
/// <para>No step waits for a runner, or takes a lock that a load, an unload or an inference request could hold.</para>
/// </remarks>
internal sealed class PageAssembler : IDisposable
{
    /// <summary>The most bytes that all pages may use while they are created and sent, without the bodies.</summary>
    public const long MaxPageBytes = 256L * 1024 * 1024;

    /// <summary>A body of at most this many bytes is always added: checking the clock for it would save nothing.</summary>
    private const int AlwaysAddedBytes = 16 * 1024;

    private readonly TimeProvider _time;
    private readonly ILogger<PageAssembler> _logger;
    private readonly MergeWorkspaces _workspaces;
    private readonly PageBudget _budget;
    private readonly OpenPages _pages = new();
    private readonly MergePaces _paces;
    private readonly DaemonMetrics _own;
    private readonly CounterTable _counters;
    private int[] _conflicts = new int[MergeConflicts.All.Count];

    public PageAssembler(
        MetricsSettings settings, MergePaces paces, TimeProvider time, ILogger<PageAssembler> logger, SharedEndpoints? shared = null,
        RunnerMetrics? runnerMetrics = null, RequestMetrics? requests = null, Func<ReloadSnapshot>? lastReload = null,
        Func<DateTimeOffset>? certificateExpiry = null, PullCounters? pulls = null, long maxPageBytes = MaxPageBytes,
        Func<IReadOnlyList<SourceSize>>? sizes = null, PushCounters? pushes = null)
    {
        (_paces, _time, _logger) = (paces, time, logger);
        _counters = new CounterTable(time);
        _workspaces = new MergeWorkspaces(LimitsOf(settings));
        _own = new DaemonMetrics(
            settings, shared ?? new SharedEndpoints([]), new ProcessMetrics(time), runnerMetrics, requests, lastReload, certificateExpiry,
            pulls, sizes, pushes);
        _budget = new PageBudget(maxPageBytes, time);
    }

    /// <summary>Replaces the limits and the attached runners. Pages that are in progress keep their limits.</summary>
    public void Configure(MetricsSettings settings, SharedEndpoints shared)
    {
        _workspaces.Configure(LimitsOf(settings));
        _own.Configure(settings, shared);
    }

    /// <summary>
    /// Frees the bodies of pages that slow clients have not read to their end, so that a scrape gets the memory for its runners.
    /// </summary>
    /// <returns>Whether something was freed.</returns>
    public ValueTask<bool> TryFreeBodiesAsync(CancellationToken cancellationToken) =>
        _budget.TryFreeAsync(static page => !page.IsComplete, cancellationToken);

    /// <summary>The pages that were sent.</summary>
    public PageCounts Counts => _own.Pages;

    /// <summary>Creates a page, or joins one.</summary>
    /// <param name="form">The negotiated form of the page.</param>
    /// <param name="scrape">The outcome of the scrape. The call takes it over: the page or the call disposes of it.</param>
    /// <param name="respondBy">The deadline for the first byte, as a timestamp of the time provider.</param>
    /// <param name="cancellationToken">Cancelled when the client disconnects.</param>
    /// <returns>A reader of the page, which the caller disposes of; null if the page could not be created before its deadline.</returns>
    public async Task<PageReader?> AssembleAsync(PageForm form, ScrapeResult scrape, long respondBy, CancellationToken cancellationToken)
    {
        // Step 1
        while (true)
        {
            PageReader reader = _pages.Join(
                form, scrape, respondBy, () => new MetricsPage(_workspaces, _budget, form, scrape, respondBy, _time), out bool isNew);
            if (isNew)
                return await TryCreateAsync(reader, form, respondBy, cancellationToken) ? reader : null;
            if (await IsCreatedAsync(reader, respondBy, cancellationToken))
            {
                scrape.Dispose();
                return reader;
            }

            reader.Dispose();
            if (cancellationToken.IsCancellationRequested || Left(respondBy) <= TimeSpan.Zero)
            {
                scrape.Dispose();
                return null;
            }
        }
    }

    public void Dispose() => _workspaces.Dispose();

    private static ExpositionLimits LimitsOf(MetricsSettings settings) =>
        new() { MaxSamples = settings.MaxSamples, ReservedPrefix = MetricFamilies.Prefix };

    private async Task<bool> IsCreatedAsync(PageReader reader, long respondBy, CancellationToken cancellationToken)
    {
        try
        {
            TimeSpan left = Left(respondBy);
            return await reader.Page.Created.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, _time, cancellationToken);
        }
        catch (Exception failure) when (failure is TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }

    // Other clients may wait for the page, so it is completed even if the client that began it has disconnected.
    private async Task<bool> TryCreateAsync(PageReader reader, PageForm form, long respondBy, CancellationToken cancellationToken)
    {
        MetricsPage page = reader.Page;
        SegmentedBuffer? first = null;
        bool isLast = false;
        var timings = new PageTimings(_time);
        long reserved = page.Scrape.BodyBytes;
        bool isReserved = false;
        try
        {
            isReserved = await _budget.TryTakeAsync(reserved, Left(respondBy), CancellationToken.None);
            if (!isReserved)
                return false;
            using MergeLock? held = await _workspaces.TryLockAsync(Left(respondBy));
            if (held is null || (cancellationToken.IsCancellationRequested && page.Readers == 1))
                return false;
            try
            {
                first = new SegmentedBuffer();
                Fill(page, form, respondBy, timings);
                isLast = page.WriteFirst(first);
                timings.PartBytes = first.Length;
            }
            catch
            {
                first = null;
                throw;
            }

            return true;
        }
        finally
        {
            if (isReserved)
                _budget.Change(-reserved);
            page.CompleteFirstPart(first, isLast);
            if (first is null)
                reader.Dispose();
            else
                timings.Report(_paces.Of(form.UseGzip));
            _pages.RemoveClosed();
        }
    }

    private void Fill(MetricsPage page, PageForm form, long respondBy, PageTimings timings)
    {
        MergeWorkspace workspace = page.Open();
        ExpositionMerger merger = workspace.Merger;
        timings.Begin();

        // Step 2
        SourceOutcome[] sources = AddBodies(merger, page, _paces.Of(form.UseGzip).TimeForParsing(Left(respondBy)), timings);
        timings.EndParsing();
        foreach (ref readonly SourceOutcome source in sources.AsSpan())
            LogChange(source);

        // Step 3
        _own.Write(workspace.OwnPage, sources, _conflicts, page.Scrape.Usages, form.Exposition.Format == ExpositionFormat.OpenMetrics100);
        merger.AddOwn(workspace.OwnPage.WrittenMemory);

        // Step 4
        merger.BeginPage(form.Exposition.Format, form.Exposition.Escaping);
        timings.EndMerging();
        Count(merger, sources);
        _counters.Trim(page.Scrape.Runners);
    }

    // Small bodies come first: if there is no time for all, the large ones are left out.
    private SourceOutcome[] AddBodies(ExpositionMerger merger, MetricsPage page, TimeSpan left, PageTimings timings)
    {
        ReadOnlySpan<ScrapeOutcome> outcomes = page.Scrape.Outcomes;
        var sources = new SourceOutcome[outcomes.Length];
        if (page.Scrape.BodyBytes < MergePace.MinBytes)
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
            sources[order[i]] = Read(merger, outcomes[order[i]], page.Readers, sizes[i] <= AlwaysAddedBytes ? null : isOver);
            if (sources[order[i]].Summary is not null)
                timings.AddBody(sizes[i]);
        }

        return sources;
    }

    private SourceOutcome Read(ExpositionMerger merger, in ScrapeOutcome scrape, int readers, Func<bool>? isOver)
    {
        RunnerCounters counters = _counters.Of(scrape.Runner);
        if (scrape.Failure is { } failure)
        {
            // A request that is still running is counted for each scrape that it is too late for. One that failed is counted once.
            if (scrape.IsLate)
                counters.CountFailure(failure, readers);
            else if (scrape.RunnerScrape?.TryCount() == true)
                counters.CountFailure(failure);
            return new SourceOutcome(scrape, Summary: null, failure, counters);
        }

        RunnerScrape runnerScrape = scrape.RunnerScrape!;
        if (!TryAdd(merger, scrape.Labels, runnerScrape, isOver, out SourceSummary? summary))
        {
            counters.CountFailure(ScrapeFailureReason.Timeout, readers);
            return new SourceOutcome(scrape, Summary: null, ScrapeFailureReason.Timeout, counters);
        }

        if (summary is { IsUnreadable: false, IsTooLarge: false })
            return new SourceOutcome(scrape, summary, Failure: null, counters);
        ScrapeFailureReason refusal = summary.IsTooLarge ? ScrapeFailureReason.TooLarge : ScrapeFailureReason.Parse;
        if (runnerScrape.TryCount())
        {
            counters.CountFailure(refusal);
            counters.CountDropped(summary);
        }

        return new SourceOutcome(scrape, Summary: null, refusal, counters);
    }

    private static bool TryAdd(
        ExpositionMerger merger, TargetLabels labels, RunnerScrape runnerScrape, Func<bool>? isOver, [NotNullWhen(true)] out SourceSummary? summary)
    {
        summary = null;
        if (isOver?.Invoke() == true)
            return false;
        try
        {
            ExpositionFormat format = runnerScrape.IsOpenMetrics ? ExpositionFormat.OpenMetrics100 : ExpositionMerger.FormatOf(runnerScrape.Body.Span);
            summary = merger.Add(labels, runnerScrape.Body, format, isOver);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    // Only changes are logged, because a scrape arrives every few seconds.
    private void LogChange(in SourceOutcome source)
    {
        if (source.Failure == source.Counters.LastFailure || source.Failure?.IsExpected() == true)
            return;
        RunnerKey key = source.Scrape.Runner.Key;
        if (source.Failure is { } cause)
        {
            string sentence = cause.ToSentence(source.Scrape.Runner.Endpoint, source.Scrape.RunnerScrape?.FailureStatus);
            _logger.LogAbsent(key.Model, key.Backend, ModeText.Format(key.Mode), sentence);
        }
        else
            _logger.LogPresent(key.Model, key.Backend, ModeText.Format(key.Mode));
        source.Counters.LastFailure = source.Failure;
    }

    // Duplicates are only known after the merge, so these counts appear on the next page.
    private void Count(ExpositionMerger merger, SourceOutcome[] sources)
    {
        foreach (SourceOutcome source in sources)
        {
            if (source.Summary is not { } summary)
                continue;
            if (source.Scrape.RunnerScrape!.TryCount())
                source.Counters.CountDropped(summary);

            // Only pages with escaped names have collisions, and the first page of a scrape may have other names.
            if (summary.Dropped(ExpositionErrorReason.EscapingCollision) > 0 && source.Scrape.RunnerScrape.TryCountEscaping())
                source.Counters.CountEscapingCollisions(summary);
        }

        var conflicts = new int[_conflicts.Length];
        foreach (MergeConflict conflict in MergeConflicts.All)
            conflicts[(int)conflict] = merger.Conflicts(conflict);
        _conflicts = conflicts;
    }

    private TimeSpan Left(long respondBy) => _time.GetElapsedTime(_time.GetTimestamp(), respondBy);
}
