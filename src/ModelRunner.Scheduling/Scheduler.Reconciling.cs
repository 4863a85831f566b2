namespace ModelRunner.Scheduling;

// What follows every event: a look at everything that is known.
public sealed partial class Scheduler
{
    private void Reconcile(TimeSpan now)
    {
        EndYields(now);
        EndBackoffs(now);
        ExpireWaiting(now);
        StopIdle(now);
        if (_shutdown == ShutdownPhase.None)
            StartWanted(now);
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
            while (runner.State != RunnerState.Loading && runner.Waiting.First is { } first && now - first.Value.Arrived >= _settings.QueueTimeout)
            {
                runner.Waiting.RemoveFirst();
                _queued--;
                _requests.Remove(first.Value.Id);
                _effects.Add(Refusals.QueueTimeout(first.Value.Id, runner.Key, _settings.QueueTimeout));
            }

            _runners.ForgetIfEmpty(runner);
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
            else if (runner is { IsIdle: true, IsPinned: false } && now - runner.LastUsed >= runner.KeepAlive)
                Stop(runner, StopReason.Idle);
        }
    }

    // Strictly first come, first served: a small model does not pass a large one that waits for room, so none waits for ever.
    private void StartWanted(TimeSpan now)
    {
        IEnumerable<ManagedRunnerState> wanted = _runners.All
            .Where(static runner => runner.WantsStart)
            .OrderBy(static runner => runner.Waiting.First!.Value.Arrived)
            .ThenBy(static runner => runner.Waiting.First!.Value.Id.Value)
            .ToList();
        foreach (ManagedRunnerState runner in wanted)
        {
            if (!Capacity.CanHaveFor(runner, _runners, _settings))
            {
                RefuseForPinned(runner);
                continue;
            }

            if (!Capacity.HasFor(runner, _runners, _settings))
            {
                MakeRoom(runner, now);
                return;
            }

            var id = new RunnerId(++_lastRunner);
            _runners.Begin(runner, id);
            _effects.Add(new StartRunner(id, runner.Key));
        }

        // What was measured says what fits beside the runners that there are. It is no reason to stop one of them.
        foreach (ManagedRunnerState excess in Capacity.FindExcess(_runners, _isMemoryMeasured ? _settings with { MemoryBudgetBytes = null } : _settings))
            Stop(excess, StopReason.Evicted);

        StopYielding();
    }

    // Only an unload could change it, and nobody behind may wait for that.
    private void RefuseForPinned(ManagedRunnerState runner)
    {
        RefuseWaiting(runner, request => Refusals.NoRoom(request, runner.Key, runner.MemoryBytes, Capacity.PinnedBytes(_runners), _settings));
        _runners.ForgetIfEmpty(runner);
    }

    private void MakeRoom(ManagedRunnerState wanted, TimeSpan now)
    {
        if (Capacity.FindVictims(wanted, _runners, _settings) is { } victims)
        {
            foreach (ManagedRunnerState victim in victims)
                Stop(victim, StopReason.Evicted);
            return;
        }

        // A busy runner that new requests keep busy would never be idle: after a while it must let those wait.
        if (now - wanted.Waiting.First!.Value.Arrived >= _settings.YieldDelay && Capacity.FindYielding(_runners) is { } yielding)
            Drain(yielding, StopReason.Evicted, now);
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
