using System.Collections.Concurrent;
using ModelRunner.Daemon.Configuration;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Scraping;

/// <summary>
/// Reads all runners at once. A runner has at most one request for its page at a time, which belongs to the daemon: scrapes join it and each
/// waits to its own deadline. llama-server starts its throughput gauges anew at each read, so those that come close together share one.
/// </summary>
internal sealed class RunnerScraper : IDisposable
{
    private readonly ConcurrentDictionary<RunnerId, ScrapeTargetState> _targets = [];
    private readonly MetricsSettings _settings;
    private readonly TimeProvider _time;
    private readonly RunnerPageReader _reader;
    private readonly ITimer _forgetting;

    public RunnerScraper(MetricsSettings settings, TimeProvider time)
    {
        (_settings, _time) = (settings, time);
        _reader = new RunnerPageReader(settings.MaxBodyBytes);
        _forgetting = time.CreateTimer(_ => ForgetReadings(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Asks those runners that can be asked and returns when all have answered, or at the deadline with those that have.</summary>
    /// <param name="runners">All runners.</param>
    /// <param name="deadline">The time for it, from now.</param>
    /// <param name="cancellationToken">Ends the wait; readings go on for others.</param>
    public async Task<ScrapeResult> ScrapeAsync(IReadOnlyList<RunnerSnapshot> runners, TimeSpan deadline, CancellationToken cancellationToken)
    {
        ForgetTargets(runners);
        var readings = new Reading?[runners.Count];
        var states = new ScrapeTargetState[runners.Count];
        try
        {
            Join(runners, states, readings, deadline);
            await WaitAsync(readings, deadline, cancellationToken);
        }
        catch
        {
            foreach (Reading? reading in readings)
                reading?.Release();
            throw;
        }

        var outcomes = new ScrapeOutcome[runners.Count];
        for (int i = 0; i < outcomes.Length; i++)
            outcomes[i] = new ScrapeOutcome(runners[i], states[i].Labels, readings[i], FailureOf(runners[i], readings[i]));
        _forgetting.Change(_settings.MinInterval, Timeout.InfiniteTimeSpan);
        return new ScrapeResult(outcomes);
    }

    public void Dispose() => _forgetting.Dispose();

    private void Join(IReadOnlyList<RunnerSnapshot> runners, ScrapeTargetState[] states, Reading?[] readings, TimeSpan deadline)
    {
        ReadingLimit? limit = null;
        for (int i = 0; i < runners.Count; i++)
        {
            RunnerSnapshot runner = runners[i];
            states[i] = _targets.GetOrAdd(runner.Id, static (_, added) => new ScrapeTargetState(added), runner);
            if (runner.State != RunnerState.Ready || runner.Endpoint is not { } endpoint)
                continue;
            readings[i] = states[i].Join(_time, _settings.MinInterval, out bool isNew);
            if (isNew)
                _ = ReadAsync(endpoint, readings[i]!, limit ??= new ReadingLimit(Longer(deadline, _settings.Timeout), _time));
        }

        limit?.Release();
    }

    private async Task ReadAsync(RunnerEndpoint endpoint, Reading reading, ReadingLimit limit)
    {
        reading.Hold();
        limit.Hold();
        long startedAt = _time.GetTimestamp();
        ReadOutcome outcome = await _reader.ReadAsync(endpoint, limit.Token);
        long endedAt = _time.GetTimestamp();
        reading.End(outcome, endedAt, _time.GetElapsedTime(startedAt, endedAt));
        reading.Release();
        limit.Release();
    }

    // One timer for all runners.
    private async Task WaitAsync(Reading?[] readings, TimeSpan deadline, CancellationToken cancellationToken)
    {
        var ends = new List<Task>(readings.Length);
        foreach (Reading? reading in readings)
        {
            if (reading is { Ended.IsCompleted: false })
                ends.Add(reading.Ended);
        }

        if (ends.Count == 0)
            return;
        try
        {
            await Task.WhenAll(ends).WaitAsync(deadline, _time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Each runner's outcome says whether it was in time.
        }
    }

    private static ScrapeFailureReason? FailureOf(RunnerSnapshot runner, Reading? reading)
    {
        if (reading is not null)
            return reading.Ended.IsCompleted ? reading.Failure : ScrapeFailureReason.Timeout;
        return runner.State switch
        {
            RunnerState.Loading => ScrapeFailureReason.Loading,
            RunnerState.Stopping => ScrapeFailureReason.Stopping,
            _ => ScrapeFailureReason.Failed,
        };
    }

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
