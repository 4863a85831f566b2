namespace ModelRunner.Scheduling;

// The check of the whole state that follows every event.
public sealed partial class Scheduler
{
    private void Reconcile(TimeSpan now)
    {
        EndYields(now);
        EndBackoffs(now);
        ExpireWaiting(now);
        StopIdle(now);
        _blocked = null;
        if (_shutdown == ShutdownPhase.None)
        {
            StartWanted(now);
            StartResidents(now);
        }

        ForgetOldFailures(now);
        CompleteUnloads();
        CompleteShutdown();
    }

    private void EndBackoffs(TimeSpan now)
    {
        foreach (ManagedRunnerState runner in _runners.All)
            runner.IsBackingOff &= now < runner.RetryAt;
    }

    private void ExpireWaiting(TimeSpan now)
    {
        foreach (ManagedRunnerState runner in _runners.All.ToList())
        {
            while (Patience.EndsAt(runner, _settings) <= now)
            {
                RequestState late = runner.Waiting.First(request => Patience.EndsAt(request, runner, _settings) <= now);
                _effects.Add(runner.IsFull
                    ? Refusals.Concurrency(late.Id, runner, _settings)
                    : Refusals.QueueTimeout(late.Id, runner, _settings));
                Leave(late.Id);
            }
        }
    }

    private void StopIdle(TimeSpan now)
    {
        foreach (ManagedRunnerState runner in _runners.Live)
        {
            if (runner is { State: RunnerState.Ready, InFlight: 0, Draining: { } reason })
                Stop(runner, reason);
            else if (runner is { State: RunnerState.Ready, DrainEnds: { } ends } && now >= ends)
                Stop(runner, runner.Draining ?? StopReason.Unloaded);
            else if (runner is { IsIdle: true, IsOutdated: true })
                Stop(runner, StopReason.Outdated);
            else if (runner.IsExpiring && now - runner.LastUsed >= runner.KeepAlive)
                Stop(runner, StopReason.Idle);
        }
    }

    // Strictly in the order of the requests: a small model does not overtake a large one that waits for capacity, so no request waits forever.
    private void StartWanted(TimeSpan now)
    {
        IEnumerable<ManagedRunnerState> wanted = _runners.All
            .Where(static runner => runner.WantsStart)
            .OrderBy(static runner => runner.Waiting.First!.Value.Rank)
            .ThenBy(static runner => runner.Waiting.First!.Value.Id.Value)
            .ToList();
        // What was stopped for requests that have left is not a part of a later start.
        foreach (ManagedRunnerState runner in _runners.All.Where(static runner => runner.Waiting.Count == 0))
            runner.Evicted = [];

        ManagedRunnerState? first = null;
        foreach (ManagedRunnerState runner in wanted)
        {
            if (first is not null)
            {
                Report(runner, DelayCause.Queue, first.Key);
                continue;
            }

            if (!Capacity.CanStartEventually(runner, _runners, _settings))
            {
                RefuseBehindPinned(runner);
                continue;
            }

            if (!Capacity.CanStartNow(runner, _runners, _settings))
            {
                FreeCapacity(runner, now);
                first = runner;
                continue;
            }

            Start(runner, now);
        }

        _blocked = first;
        if (first is not null)
            return;

        // A measured budget limits new starts only. It is no reason to stop a runner.
        foreach (ManagedRunnerState excess in Capacity.FindExcess(_runners, _isMemoryMeasured ? _settings with { MemoryBudgetBytes = null } : _settings, now))
            Stop(excess, StopReason.Evicted);

        StopYielding(now);
    }

    private void Start(ManagedRunnerState runner, TimeSpan now, bool isResident = false)
    {
        _givenUp.Remove(runner.Key);
        var id = new RunnerId(++_lastRunner);
        CapacityReading capacity = Capacity.Read(runner, _runners, _settings);
        runner.Place(Capacity.Place(runner, _runners, _settings));
        _runners.Begin(runner, id, now);
        _effects.Add(new StartRunner(id, runner.Key) { Evicted = runner.Evicted, Capacity = capacity, IsResident = isResident });
        runner.Evicted = [];
        runner.Delay = null;
    }

    private void Report(ManagedRunnerState waiting, DelayCause cause, RunnerKey? behind = null)
    {
        if (waiting.Delay == cause)
            return;
        waiting.Delay = cause;
        _effects.Add(new DelayStart(waiting.Key, cause, Capacity.Read(waiting, _runners, _settings)) { Behind = behind });
    }

    // Refuse now: pinned runners free no capacity, and waiting would block the queue.
    private void RefuseBehindPinned(ManagedRunnerState runner)
    {
        var pinned = new CapacityUse(Capacity.Pinned(_runners));
        RefuseWaiting(runner, request => Refusals.NoCapacity(request, runner, pinned, _settings));
        _runners.ForgetIfEmpty(runner);
    }

    private void FreeCapacity(ManagedRunnerState wanted, TimeSpan now)
    {
        if (Capacity.FindVictims(wanted, _runners, _settings, now) is { } victims)
        {
            foreach (ManagedRunnerState victim in victims)
            {
                victim.EvictedFor = wanted;
                Stop(victim, StopReason.Evicted);
            }

            Report(wanted, DelayCause.Stopping);
            return;
        }

        bool isEnough = Capacity.CanStartWithoutIdle(wanted, _runners, _settings);
        Report(wanted, isEnough ? DelayCause.Staying : DelayCause.Busy);

        // New requests could keep a busy runner busy forever. After a while it must yield: new requests wait.
        if (Capacity.FindYielding(wanted, _runners, _settings, now) is { } yielding)
        {
            yielding.EvictedFor = wanted;
            Drain(yielding, StopReason.Evicted, now);
        }
    }

    private void ForgetOldFailures(TimeSpan now)
    {
        foreach (ManagedRunnerState runner in _runners.All.Where(static runner => runner.State == RunnerState.Failed).ToList())
        {
            if (now >= Backoff.ForgetAt(runner, _settings))
                ForgetFailure(runner);
        }
    }

    private void CompleteUnloads()
    {
        foreach (PendingUnload unload in _unloads.Where(static unload => unload.Runners.Count == 0))
            _effects.Add(new UnloadCompleted(unload.Id, unload.Count));
        _unloads.RemoveAll(static unload => unload.Runners.Count == 0);
    }

    private void CompleteShutdown()
    {
        bool isDrained = _shutdown == ShutdownPhase.Ending || (_shutdown == ShutdownPhase.Draining && _attached.InFlight == 0);
        if (!isDrained || _runners.LiveCount > 0)
            return;
        _shutdown = ShutdownPhase.Ended;
        _effects.Add(new ShutdownCompleted());
    }
}
