using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Models;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

// How the loop starts a runner.
internal sealed partial class SchedulerLoop
{
    // Whatever goes wrong here ends the start: the scheduler counts on its process, and would wait for it forever.
    private void Start(StartRunner start)
    {
        try
        {
            Launch(start);
        }
        catch (Exception failure)
        {
            LogStartThrew(failure, start.Key.Model);
            Post(new RunnerFailed(start.Runner, new RunnerFailure(StopReason.NotStarted, failure.Message)));
        }
    }

    private void Launch(StartRunner start)
    {
        ModelEntry? known = _models.Find(start.Key) ?? _residents.Find(start.Key);
        RunnerAccount account = _lives.Begin(start, SubjectOf(start.Key, known));
        ModelEntry model = known
            ?? throw new InvalidOperationException("its settings are no longer known; the next request loads it");
        long startedAt = _time.GetTimestamp();
        if (model.MaxAutoContext is { } most)
            LogContext(start.Key.Model, model.ContextSize, most);

        // What a part of a model needs on the cards says nothing about a load that has all of it there.
        bool isPartial = start.Capacity is { SpilledBytes: > 0 };
        IManagedRunner process = _launcher.Start(start.Runner, start.Key, model);
        process.Slots?.CountWith(count => _lives.Count(start.Runner, count));
        _live.Add(new LiveRunner(start.Runner, process.Endpoint, process, replica: null)
        {
            Model = model, Account = account, StartedAt = _time.GetUtcNow(), Evicted = start.Evicted,
            Memory = new PeakWatch(_peaks, isPartial ? null : MemoryKey.Of(model, start.Key.Mode), _lives.NumberOf(start.Runner)),
            LoadStartedAt = startedAt,
            Progress = new RunnerProgress(_time), Tally = new RunnerTally(start.Key, _requests, _time, CounterReading.Zero),
        });
        Logs.Begin(start.Key, process);
        _usageTimer?.Start();
        _ = WatchAsync(start, process);
    }

    private async Task WatchAsync(StartRunner start, IManagedRunner process)
    {
        if (await process.Ready is { } failure)
        {
            Post(new RunnerFailed(start.Runner, failure));
            return;
        }

        Post(new RunnerReady(start.Runner));
        Post(new RunnerExited(start.Runner, await process.Exited));
    }
}
