namespace ModelRunner.Scheduling;

// Draining: a busy runner accepts no more requests and stops when its running ones have ended.
public sealed partial class Scheduler
{
    private void Drain(ManagedRunnerState runner, StopReason reason, TimeSpan now)
    {
        if (runner.Draining != reason)
            runner.DrainingSince = now;
        runner.Draining = reason;
        Check(runner);
    }

    // A process that is suspended or hangs in a driver never completes a request. Only a health check detects this.
    private void Check(ManagedRunnerState runner)
    {
        if (runner.IsBeingChecked)
            return;
        runner.IsBeingChecked = true;
        _effects.Add(new CheckRunner(runner.Id));
    }

    private void CompleteCheck(RunnerId id)
    {
        if (_runners.FindLive(id) is not { IsBeingChecked: true } runner)
            return;
        runner.IsBeingChecked = false;
        if (runner is { State: RunnerState.Ready, Draining: not null })
            Check(runner);
    }

    private void StopStuck(RunnerStuck stuck)
    {
        if (_runners.FindLive(stuck.Runner) is not { IsBeingChecked: true } runner)
            return;
        runner.IsBeingChecked = false;
        if (runner is not { State: RunnerState.Ready, Draining: not null })
            return;
        runner.StopFailure = new RunnerFailure(StopReason.Stuck, stuck.Cause);
        Stop(runner, StopReason.Stuck);
    }

    // Its requests get an error, and new ones wait for the next start.
    private void StopStalled(RunnerStalled stalled)
    {
        if (!stalled.Restarts || _runners.FindLive(stalled.Runner) is not { State: RunnerState.Ready } runner)
            return;
        runner.StopFailure = new RunnerFailure(StopReason.Stalled, $"{stalled.Cause}, so it was stopped");
        Stop(runner, StopReason.Stalled);
    }

    // Running responses may continue for as long as before an unload. New requests wait for the next start.
    private void Replace(RunnerUnreachable unreachable, TimeSpan now)
    {
        if (_runners.FindLive(unreachable.Runner) is not { State: RunnerState.Ready, Draining: null or StopReason.Evicted } runner)
            return;
        runner.StopFailure = new RunnerFailure(StopReason.Unreachable, unreachable.Cause);
        runner.DrainEnds ??= now + _settings.UnloadDrain;
        StopWhenIdle(runner, StopReason.Unreachable, now);
    }

    // A response may have no end, and it is not aborted. So requests that wait for the same model are admitted beside it.
    private void EndYields(TimeSpan now)
    {
        foreach (ManagedRunnerState runner in _runners.Live)
        {
            if (runner.InFlight == 0 || Yield.EndOf(runner, _settings) is not { } end || now < end)
                continue;

            runner.FailedYields++;
            runner.Outlasting = runner.InFlight;
            foreach (RequestState request in _requests.Values.Where(request => request.IsAdmitted && request.Managed == runner))
                request.HasOutlastedYield = true;
            Resume(runner, now);
        }
    }

    // No request waits for capacity any more, so a runner that yields accepts requests again.
    private void StopYielding(TimeSpan now)
    {
        foreach (ManagedRunnerState runner in _runners.Live)
        {
            runner.FailedYields = 0;
            runner.Collated = 0;
            if (runner is { State: RunnerState.Ready, Draining: StopReason.Evicted })
                Resume(runner, now);
        }
    }

    private void Resume(ManagedRunnerState runner, TimeSpan now)
    {
        runner.Draining = null;
        runner.EvictedFor = null;
        AdmitWaiting(runner, now);
    }
}
