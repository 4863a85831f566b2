using System.Collections.Concurrent;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Scraping;

/// <summary>
/// Reads all runners at once. A runner has at most one request for its page at a time, which belongs to the daemon: scrapes join it and each
/// waits to its own deadline. llama-server starts its throughput gauges anew at each read, so those that come close together share one.
/// </summary>
internal sealed class RunnerScraper : IDisposable
{
    /// <summary>When nobody has scraped for so long, memory is worth more than the time to get it again.</summary>
    private static readonly TimeSpan TrimAfter = TimeSpan.FromSeconds(60);

    private readonly ConcurrentDictionary<RunnerId, ScrapeTargetState> _targets = [];
    private readonly MetricsSettings _settings;
    private readonly TimeProvider _time;
    private readonly RunnerPageReader _reader;
    private readonly ITimer _forgetting;
    private readonly ITimer _trimming;

    public RunnerScraper(MetricsSettings settings, TimeProvider time)
    {
        (_settings, _time) = (settings, time);
        Bodies = new BodyBudget(settings.MaxTotalBodyBytes);
        _reader = new RunnerPageReader(settings.MaxBodyBytes, Bodies);
        _forgetting = time.CreateTimer(_ => ForgetReadings(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _trimming = time.CreateTimer(static _ => BufferPool.Shared.Trim(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>What all bodies may take together.</summary>
    public BodyBudget Bodies { get; }

    /// <summary>Asks those runners that can be asked and returns when all have answered, or at the deadline with those that have.</summary>
    /// <param name="runners">All runners.</param>
    /// <param name="deadline">The time for it, from now.</param>
    /// <param name="cancellationToken">Ends the wait; readings go on for others.</param>
    public Task<ScrapeResult> ScrapeAsync(IReadOnlyList<RunnerSnapshot> runners, TimeSpan deadline, CancellationToken cancellationToken) =>
        ScrapeAsync(runners, _ => deadline, cancellationToken);

    /// <summary>As the other, with a deadline that depends on how much there is to be merged.</summary>
    /// <param name="runners">All runners.</param>
    /// <param name="deadlineFor">
    /// The time for it, from the start of the wait, where bodies of so many bytes have come. Never longer for more bytes. Asked several times.
    /// </param>
    /// <param name="cancellationToken">Ends the wait; readings go on for others.</param>
    public async Task<ScrapeResult> ScrapeAsync(
        IReadOnlyList<RunnerSnapshot> runners, Func<long, TimeSpan> deadlineFor, CancellationToken cancellationToken)
    {
        ForgetTargets(runners);
        var readings = new RunnerScrape?[runners.Count];
        var states = new ScrapeTargetState[runners.Count];
        var wait = new ScrapeWait();
        try
        {
            Join(runners, states, readings, wait, deadlineFor(0));
            await WaitAsync(wait, deadlineFor, cancellationToken);
        }
        catch
        {
            foreach (RunnerScrape? reading in readings)
                reading?.Release();
            throw;
        }

        long now = _time.GetTimestamp();
        var outcomes = new ScrapeOutcome[runners.Count];
        for (int i = 0; i < outcomes.Length; i++)
            outcomes[i] = OutcomeOf(runners[i], states[i], readings[i], now);

        // A timer for an interval of zero would start a thread of the pool for each scrape.
        if (_settings.MinInterval == TimeSpan.Zero)
            ForgetReadings();
        else
            _forgetting.Change(_settings.MinInterval, Timeout.InfiniteTimeSpan);
        _trimming.Change(TrimAfter, Timeout.InfiniteTimeSpan);
        return new ScrapeResult(outcomes);
    }

    public void Dispose()
    {
        _forgetting.Dispose();
        _trimming.Dispose();
    }

    private void Join(
        IReadOnlyList<RunnerSnapshot> runners, ScrapeTargetState[] states, RunnerScrape?[] readings, ScrapeWait wait, TimeSpan deadline)
    {
        ReadingLimit? limit = null;
        for (int i = 0; i < runners.Count; i++)
        {
            RunnerSnapshot runner = runners[i];
            states[i] = _targets.GetOrAdd(runner.Id, static (_, added) => new ScrapeTargetState(added), runner);
            if (runner.State != RunnerState.Ready || runner.Endpoint is not { } endpoint)
                continue;
            readings[i] = states[i].Join(wait, _time, _settings.MinInterval, out bool isNew);
            if (isNew)
                _ = ReadAsync(states[i], endpoint, readings[i]!, limit ??= new ReadingLimit(Longer(deadline, _settings.Timeout), _time));
        }

        limit?.Release();
        wait.Signal();
    }

    private async Task ReadAsync(ScrapeTargetState target, RunnerEndpoint endpoint, RunnerScrape reading, ReadingLimit limit)
    {
        reading.Hold();
        limit.Hold();
        ReadOutcome outcome = await _reader.ReadAsync(endpoint, endpoint.MetricsAddress, target.LastBytes, limit.Token);
        target.End(reading, outcome, _time);
        reading.Release();
        limit.Release();
    }

    // One timer for all runners, set anew only where much has come.
    private async Task WaitAsync(ScrapeWait wait, Func<long, TimeSpan> deadlineFor, CancellationToken cancellationToken)
    {
        long startedAt = _time.GetTimestamp();
        while (!wait.All.IsCompleted)
        {
            Task more = wait.More;
            TimeSpan left = deadlineFor(wait.Bytes) - _time.GetElapsedTime(startedAt);
            if (left <= TimeSpan.Zero)
                return;
            try
            {
                await Task.WhenAny(wait.All, more).WaitAsync(left, _time, cancellationToken);
            }
            catch (TimeoutException)
            {
                // Each runner's outcome says whether it was in time.
                return;
            }
        }
    }

    private ScrapeOutcome OutcomeOf(RunnerSnapshot runner, ScrapeTargetState state, RunnerScrape? reading, long now)
    {
        if (reading is null)
            return new ScrapeOutcome(runner, state.Labels, RunnerScrape: null, FailureOf(runner.State), Duration: null, IsLate: false);
        return reading.IsEnded
            ? new ScrapeOutcome(
                runner, state.Labels, reading, reading.Failure, _time.GetElapsedTime(reading.StartedAt, reading.EndedAt), IsLate: false)
            : new ScrapeOutcome(
                runner, state.Labels, reading, ScrapeFailureReason.Timeout, _time.GetElapsedTime(reading.StartedAt, now), IsLate: true);
    }

    private static ScrapeFailureReason FailureOf(RunnerState state) => state switch
    {
        RunnerState.Loading => ScrapeFailureReason.Loading,
        RunnerState.Stopping => ScrapeFailureReason.Stopping,
        _ => ScrapeFailureReason.Failed,
    };

    private void ForgetTargets(IReadOnlyList<RunnerSnapshot> runners)
    {
        if (_targets.Count <= runners.Count)
            return;
        HashSet<RunnerId> present = [.. runners.Select(static runner => runner.Id)];
        foreach (RunnerId id in _targets.Keys)
        {
            if (!present.Contains(id) && _targets.TryRemove(id, out ScrapeTargetState? gone))
                gone.Forget(_time, TimeSpan.Zero);
        }
    }

    private void ForgetReadings()
    {
        foreach (ScrapeTargetState target in _targets.Values)
            target.Forget(_time, _settings.MinInterval);
    }

    private static TimeSpan Longer(TimeSpan left, TimeSpan right) => left > right ? left : right;
}
