using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

// What the loop tells others, beside what it decides.
internal sealed partial class SchedulerLoop
{
    // The first wait counts: a request that is sent to a second runner waits again.
    private void Notify(QueueNotice notice, RequestArrived arrived)
    {
        RunnerSnapshot? runner = _snapshot.FirstOrDefault(runner => runner.Key == arrived.Key && !runner.IsAttached);
        if (notice.Position is null && runner is { Queued: > 0 })
            notice.Set(_snapshot.Sum(static runner => runner.Queued), runner.State == RunnerState.Ready ? null : _lives.ExpectLoad(arrived.Key));
    }

    private void Report(RunnerStalled stalled)
    {
        if (_snapshot.FirstOrDefault(runner => runner.Id == stalled.Runner)?.Key is not { } key)
            return;
        _recorder.RecordStall(key, stalled.Cause);
        _lives.Stall(stalled.Runner);
    }
}
