using ModelRunner.Configuration;
using ModelRunner.Daemon.Runners;
using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Scraping;

/// <summary>What scrapes share about one start of a runner: its labels, its address, and its present or last reading.</summary>
internal sealed class ScrapeTargetState(RunnerSnapshot runner)
{
    private readonly Lock _gate = new();
    private RunnerScrape? _reading;

    /// <summary>The labels of its series.</summary>
    public TargetLabels Labels { get; } = LabelsOf(runner);

    /// <summary>The length of its last whole body in bytes; 0 before the first.</summary>
    public int LastBytes { get; private set; }

    /// <summary>
    /// Joins the reading that runs, or the one that ended less than <paramref name="minInterval"/> ago, or makes a new one that the caller has
    /// to carry out and to <see cref="End"/>. The caller holds what it gets.
    /// </summary>
    /// <param name="wait">Told of the end, where that is still to come.</param>
    /// <param name="time">The clock.</param>
    /// <param name="minInterval">How long a reading is shared after its end.</param>
    /// <param name="isNew">Whether the caller has to carry it out.</param>
    public RunnerScrape Join(ScrapeWait wait, TimeProvider time, TimeSpan minInterval, out bool isNew)
    {
        lock (_gate)
        {
            isNew = _reading is null || IsStale(_reading, time, minInterval);
            if (isNew)
            {
                _reading?.Release();
                _reading = new RunnerScrape(time.GetTimestamp());
            }

            RunnerScrape reading = _reading!;
            if (reading.IsEnded)
                wait.AddBytes(reading.Body.Length);
            else
                reading.Notify(wait);
            reading.Hold();
            return reading;
        }
    }

    /// <summary>Ends a reading and tells those who wait.</summary>
    public void End(RunnerScrape reading, ReadOutcome outcome, TimeProvider time)
    {
        IReadOnlyList<ScrapeWait> waits;
        lock (_gate)
        {
            if (outcome.Body is { } body)
                LastBytes = body.Length;
            waits = reading.End(outcome, time.GetTimestamp());
        }

        int bytes = outcome.Body?.Length ?? 0;
        foreach (ScrapeWait wait in waits)
        {
            wait.AddBytes(bytes);
            wait.Signal();
        }
    }

    /// <summary>Lets go of a reading that nobody may join any more.</summary>
    public void Forget(TimeProvider time, TimeSpan minInterval)
    {
        lock (_gate)
        {
            if (_reading is null || !IsStale(_reading, time, minInterval))
                return;
            _reading.Release();
            _reading = null;
        }
    }

    private static bool IsStale(RunnerScrape reading, TimeProvider time, TimeSpan minInterval) =>
        reading.IsEnded && (minInterval == TimeSpan.Zero || time.GetElapsedTime(reading.EndedAt) >= minInterval);

    private static TargetLabels LabelsOf(RunnerSnapshot runner)
    {
        List<KeyValuePair<string, string>> labels =
        [
            new("backend", runner.Key.Backend),
            new("model", runner.Key.Model),
            new("mode", ModeText.Format(runner.Key.Mode)),
        ];
        if (runner.Replica is { } replica)
            labels.Add(new("replica", replica));
        return new TargetLabels(labels);
    }
}
