using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Models;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

// What the loop tells others, beside what it decides.
internal sealed partial class SchedulerLoop
{
    // The scheduler has decided already. A sentence for people that cannot be written must not keep anybody from what was decided.
    private void Record(SchedulerEvent schedulerEvent, IReadOnlyList<SchedulerEffect> effects)
    {
        try
        {
            _recorder.Record(schedulerEvent, effects, _snapshot, _pending);
        }
        catch (Exception failure)
        {
            LogTextFailed(failure, schedulerEvent.GetType().Name);
        }
    }

    // The list of decisions and the client get the same sentence, so it is written once.
    private IReadOnlyList<SchedulerEffect> Explain(IReadOnlyList<SchedulerEffect> effects) =>
        effects.OfType<Refuse>().Any() || effects.OfType<ResidentBlocked>().Any() ? [.. effects.Select(Explain)] : effects;

    private SchedulerEffect Explain(SchedulerEffect effect) => effect switch
    {
        Refuse refusal when _pending.TryGetValue(refusal.Request, out PendingRequest? request) => refusal with { Message = Explain(refusal, request) },
        ResidentBlocked blocked => Explain(blocked),
        _ => effect,
    };

    private string Explain(Refuse refusal, PendingRequest request)
    {
        try
        {
            return request.Explain(refusal);
        }
        catch (Exception failure)
        {
            LogTextFailed(failure, nameof(Refuse));
            return refusal.Message;
        }
    }

    // The first wait counts: a request that is sent to a second runner waits again. A request that was admitted or refused at once did not wait.
    private void Notify(QueueNotice notice, RequestArrived arrived, IReadOnlyList<SchedulerEffect> effects)
    {
        if (effects.Any(effect => effect is Admit admit ? admit.Request == arrived.Request : effect is Refuse refusal && refusal.Request == arrived.Request))
            return;
        RunnerSnapshot? runner = _snapshot.FirstOrDefault(runner => runner.Key == arrived.Key && !runner.IsAttached);
        if (notice.Position is not null || runner is not { Queued: > 0 })
            return;
        TimeSpan? load = runner.State == RunnerState.Ready ? null : _lives.ExpectLoad(SubjectOf(arrived.Key, _models.Find(arrived.Key)));
        notice.Set(_snapshot.Sum(static runner => runner.Queued), load);
    }

    private LoadSubject SubjectOf(RunnerKey key, ModelEntry? model) =>
        new(model is null ? null : MemoryKey.Of(model, key.Mode), key, EngineOf(key) ?? "", model?.WeightBytes ?? 0);

    private void Report(RunnerStalled stalled)
    {
        if (_snapshot.FirstOrDefault(runner => runner.Id == stalled.Runner)?.Key is not { } key)
            return;
        _recorder.RecordStall(key, stalled.Cause);
        _lives.Stall(stalled.Runner);
    }
}
