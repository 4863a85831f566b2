using System.Collections.Concurrent;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Scraping;

/// <summary>
/// Requests the pages of all runners in parallel. Each runner has one request for its page at a time, and a further one if that has had no
/// response for a whole timeout. The daemon owns that request; scrapes join it, and each waits until its own deadline.
/// llama-server resets its throughput gauges at each read, so scrapes that arrive close together share one request. Thread-safe.
/// </summary>
internal sealed class RunnerScraper : IDisposable
{
    /// <summary>After this time without a scrape the pooled memory is freed.</summary>
    private static readonly TimeSpan TrimAfter = TimeSpan.FromSeconds(60);

    private readonly ConcurrentDictionary<RunnerId, ScrapeTargetState> _targets = [];
    private readonly TimeProvider _time;
    private readonly RunnerPageReader _reader;
    private readonly ITimer _releaseTimer;
    private readonly ITimer _trimTimer;
    private volatile MetricsSettings _settings;

    public RunnerScraper(MetricsSettings settings, TimeProvider time)
    {
        (_settings, _time) = (settings, time);
        Bodies = new PageBodyBudget(settings.MaxTotalBodyBytes);
        _reader = new RunnerPageReader(() => _settings.MaxBodyBytes, Bodies);
        _releaseTimer = time.CreateTimer(_ => ReleaseOldScrapes(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _trimTimer = time.CreateTimer(static _ => BufferPool.Shared.Trim(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The memory budget of all bodies.</summary>
    public PageBodyBudget Bodies { get; }

    /// <summary>Replaces the limits. Requests that are running keep theirs.</summary>
    public void Configure(MetricsSettings settings)
    {
        _settings = settings;
        Bodies.Limit = settings.MaxTotalBodyBytes;
    }

    /// <summary>Scrapes the runners that are ready. Returns when all have responded, or at the deadline with what has arrived.</summary>
    /// <param name="runners">All runners.</param>
    /// <param name="deadline">The deadline, from now.</param>
    /// <param name="cancellationToken">Ends the wait. The requests to the runners go on for other scrapes.</param>
    public Task<ScrapeResult> ScrapeAsync(IReadOnlyList<RunnerSnapshot> runners, TimeSpan deadline, CancellationToken cancellationToken) =>
        ScrapeAsync(runners, _ => deadline, cancellationToken);

    /// <summary>Scrapes the runners that are ready, with a deadline that depends on how many bytes must be merged.</summary>
    /// <param name="runners">All runners.</param>
    /// <param name="deadlineFor">
    /// The deadline, from the start of the wait, for this number of bytes received. It must not grow with the bytes. It is called several
    /// times.
    /// </param>
    /// <param name="cancellationToken">Ends the wait. The requests to the runners go on for other scrapes.</param>
    public async Task<ScrapeResult> ScrapeAsync(
        IReadOnlyList<RunnerSnapshot> runners, Func<long, TimeSpan> deadlineFor, CancellationToken cancellationToken)
    {
        RemoveOldTargets(runners);
        var scrapes = new RunnerScrape?[runners.Count];
        var states = new ScrapeTargetState[runners.Count];
        var wait = new ScrapeWait();
        try
        {
            Join(runners, states, scrapes, wait, deadlineFor(0));
            await WaitAsync(wait, deadlineFor, cancellationToken);
        }
        catch
        {
            foreach (RunnerScrape? scrape in scrapes)
                scrape?.Release();
            throw;
        }

        long now = _time.GetTimestamp();
        var outcomes = new ScrapeOutcome[runners.Count];
        for (int i = 0; i < outcomes.Length; i++)
            outcomes[i] = OutcomeOf(runners[i], states[i], scrapes[i], now);

        // For an interval of zero a timer would only cost a thread of the pool at each scrape.
        if (_settings.MinInterval == TimeSpan.Zero)
            ReleaseOldScrapes();
        else
            _releaseTimer.Change(_settings.MinInterval, Timeout.InfiniteTimeSpan);
        _trimTimer.Change(TrimAfter, Timeout.InfiniteTimeSpan);
        return new ScrapeResult(runners, outcomes);
    }

    public void Dispose()
    {
        _releaseTimer.Dispose();
        _trimTimer.Dispose();
    }

    private void Join(
        IReadOnlyList<RunnerSnapshot> runners, ScrapeTargetState[] states, RunnerScrape?[] scrapes, ScrapeWait wait, TimeSpan deadline)
    {
        ScrapeTimeout? timeout = null;
        TimeSpan length = Longer(deadline, _settings.Timeout);
        for (int i = 0; i < runners.Count; i++)
        {
            RunnerSnapshot runner = runners[i];
            states[i] = _targets.GetOrAdd(runner.Id, static (_, added) => new ScrapeTargetState(added), runner);
            if (runner.State != RunnerState.Ready || runner.Endpoint is not { } endpoint)
                continue;
            scrapes[i] = states[i].Join(wait, _time, _settings.MinInterval, length, ref timeout, out bool isNew);
            if (isNew)
                _ = ReadAsync(states[i], runner, endpoint, scrapes[i]!, timeout!);
        }

        timeout?.Release();
        wait.Signal();
    }

    private async Task ReadAsync(
        ScrapeTargetState target, RunnerSnapshot runner, RunnerEndpoint endpoint, RunnerScrape scrape, ScrapeTimeout timeout)
    {
        scrape.Hold();
        timeout.Hold();
        long? begun = runner.Tally?.BeginReading();
        Task<SlotUsage?>? slots = endpoint.SlotsAddress is null ? null : ReadSlotsAsync(endpoint, timeout);
        ReadOutcome outcome = endpoint.MetricsAddress is { } page
            ? await _reader.ReadAsync(endpoint, page, target.LastBytes, timeout.Token)
            : ReadOutcome.NoPage;
        if (outcome.Body is { } body && runner.Tally is { } tally && CounterReading.Find(body.Written.Span) is { } reading)
            tally.Compare(begun, reading with { Process = outcome.Process });
        if (slots is not null)
            scrape.Slots = await SlotReader.EndAsync(slots, _time);
        target.End(scrape, outcome, _time);
        scrape.Release();
        timeout.Release();
    }

    private static async Task<SlotUsage?> ReadSlotsAsync(RunnerEndpoint endpoint, ScrapeTimeout timeout)
    {
        timeout.Hold();
        SlotUsage? slots = await SlotReader.ReadAsync(endpoint, timeout.Token);
        timeout.Release();
        return slots;
    }

    // One timer for all runners. It is set again only after another mebibyte has arrived.
    private async Task WaitAsync(ScrapeWait wait, Func<long, TimeSpan> deadlineFor, CancellationToken cancellationToken)
    {
        long startedAt = _time.GetTimestamp();
        while (!wait.All.IsCompleted)
        {
            Task moreBytes = wait.More;
            TimeSpan left = deadlineFor(wait.Bytes) - _time.GetElapsedTime(startedAt);
            if (left <= TimeSpan.Zero)
                return;
            try
            {
                await Task.WhenAny(wait.All, moreBytes).WaitAsync(left, _time, cancellationToken);
            }
            catch (TimeoutException)
            {
                // The outcome of each runner shows whether it was in time.
                return;
            }
        }
    }

    private ScrapeOutcome OutcomeOf(RunnerSnapshot runner, ScrapeTargetState state, RunnerScrape? scrape, long now)
    {
        if (scrape is null)
            return new ScrapeOutcome(runner, state.Labels, RunnerScrape: null, FailureOf(runner.State), Duration: null, IsLate: false);
        return scrape.IsEnded
            ? new ScrapeOutcome(
                runner, state.Labels, scrape, scrape.Failure, _time.GetElapsedTime(scrape.StartedAt, scrape.EndedAt), IsLate: false)
            : new ScrapeOutcome(
                runner, state.Labels, scrape, ScrapeFailureReason.Timeout, _time.GetElapsedTime(scrape.StartedAt, now), IsLate: true);
    }

    private static ScrapeFailureReason FailureOf(RunnerState state) => state switch
    {
        RunnerState.Loading => ScrapeFailureReason.Loading,
        RunnerState.Stopping => ScrapeFailureReason.Stopping,
        _ => ScrapeFailureReason.Failed,
    };

    private void RemoveOldTargets(IReadOnlyList<RunnerSnapshot> runners)
    {
        if (_targets.Count <= runners.Count)
            return;
        HashSet<RunnerId> present = [.. runners.Select(static runner => runner.Id)];
        foreach (RunnerId id in _targets.Keys)
        {
            if (!present.Contains(id) && _targets.TryRemove(id, out ScrapeTargetState? removed))
                removed.Remove();
        }
    }

    private void ReleaseOldScrapes()
    {
        foreach (ScrapeTargetState target in _targets.Values)
            target.ReleaseIfOld(_time, _settings.MinInterval);
    }

    private static TimeSpan Longer(TimeSpan left, TimeSpan right) => left > right ? left : right;
}
