namespace ModelRunner.Scheduling;

// A change of the settings while requests wait and run.
public sealed partial class Scheduler
{
    private void Configure(ConfigurationChanged changed, TimeSpan now)
    {
        Apply(changed.Settings);
        ForgetResidents(changed.OutdatedModels);
        foreach (ManagedRunnerState runner in _runners.All.ToList())
        {
            if (changed.KeepAlive is { } times)
                runner.ModelKeepAlive = times.TryGetValue(runner.Key.Model, out TimeSpan time) ? time : null;
            runner.KeepAlive = runner.RequestedKeepAlive ?? runner.ModelKeepAlive ?? _settings.DefaultKeepAlive;
            if (changed.Concurrency is { } limits)
            {
                runner.Concurrency = limits.TryGetValue(runner.Key.Model, out int limit) ? limit : int.MaxValue;
                AdmitWaiting(runner, now);
            }

            if (changed.Queues is { } queues)
                runner.Queue = queues.GetValueOrDefault(runner.Key.Model);
            bool isAttached = _attached.Choose(runner.Key, [], now) is not null;
            bool isOutdated = changed.OutdatedModels.Contains(runner.Key.Model) && !changed.CurrentRunners.Contains(runner.Id);
            if (isAttached)
                MoveWaiting(runner, now);

            // Its next request goes to the attached runner.
            if (isAttached || isOutdated)
                Outdate(runner, OutdatedReason.Settings);
        }
    }

    private void Apply(SchedulerSettings settings)
    {
        // A measured budget stays valid until the next measurement: without it, waiting requests could start anything now.
        bool isMeasured = _isMemoryMeasured && settings.MemoryBudgetBytes is null;
        _settings = settings with
        {
            MemoryBudgetBytes = isMeasured ? _settings.MemoryBudgetBytes : settings.MemoryBudgetBytes,
            CardBudgets = _settings.CardBudgets,
        };
        _isMemoryMeasured = isMeasured;
        ReserveWithin(_settings.MemoryBudgetBytes);
        _attached.Replace(settings.Attached);
    }

    // Requests for this key go to the attached runners from now on, also those that already wait.
    private void MoveWaiting(ManagedRunnerState runner, TimeSpan now)
    {
        foreach (RequestState waiting in runner.Waiting)
        {
            AttachedRunnerState attached = _attached.Choose(runner.Key, [], now)!;
            var request = new RequestState(waiting.Id, waiting.Arrived, waiting.Priority) { Attached = attached, IsAdmitted = true };
            _requests[waiting.Id] = request;
            _attached.Begin(attached, request, now);
            _effects.Add(new Admit(waiting.Id, attached.Id));
        }

        _queued -= runner.Waiting.Count;
        runner.Waiting.Clear();
    }

    private void Outdate(RunnersOutdated outdated)
    {
        foreach ((RunnerId id, OutdatedReason reason) in outdated.Runners)
        {
            if (_runners.FindLive(id) is { IsOutdated: false } runner)
                Outdate(runner, reason);
        }
    }

    private void Outdate(ManagedRunnerState runner, OutdatedReason reason)
    {
        runner.Outdated = reason;
        if (!runner.IsLive)
            ForgetFailure(runner);
    }
}
