using ModelRunner.Daemon.Configuration;
using ModelRunner.Daemon.Runners;
using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Scraping;

/// <summary>What scrapes share about one start of a runner: its labels and its present or last reading.</summary>
internal sealed class ScrapeTargetState(RunnerSnapshot runner)
{
    private readonly Lock _gate = new();
    private Reading? _reading;

    /// <summary>The labels of its series.</summary>
    public TargetLabels Labels { get; } = LabelsOf(runner);

    /// <summary>
    /// Joins the reading that runs, or the one that ended less than <paramref name="minInterval"/> ago, or makes a new one that the caller has
    /// to carry out. The caller holds what it gets.
    /// </summary>
    public Reading Join(TimeProvider time, TimeSpan minInterval, out bool isNew)
    {
        lock (_gate)
        {
            isNew = _reading is null || IsStale(_reading, time, minInterval);
            if (isNew)
            {
                _reading?.Release();
                _reading = new Reading();
            }

            _reading!.Hold();
            return _reading;
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

    private static bool IsStale(Reading reading, TimeProvider time, TimeSpan minInterval) =>
        reading.Ended.IsCompleted && (minInterval == TimeSpan.Zero || time.GetElapsedTime(reading.EndedAt) >= minInterval);

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
