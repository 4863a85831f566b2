namespace ModelRunner.Scheduling;

// Busy runners that others wait for: they take no more requests, and stop when they are done.
public sealed partial class Scheduler
{
    private void Drain(ManagedRunnerState runner, StopReason reason, TimeSpan now)
    {
        if (runner.Draining != reason)
            runner.DrainingSince = now;
        runner.Draining = reason;
        Check(runner);
    }

    // A process that was stopped from outside, or hangs in a driver, never ends a request. Nobody would notice without asking it.
    private void Check(ManagedRunnerState runner)
    {
        if (runner.IsBeingChecked)
            return;
        runner.IsBeingChecked = true;
        _effects.Add(new CheckRunner(runner.Id));
    }

    private void Answer(RunnerId id)
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
        runner.StopCause = stuck.Cause;
        Stop(runner, StopReason.Stuck);
    }

    // Answers that it is still sending go on, for as long as an unload would let them. Requests that come meanwhile wait for its successor.
    private void Replace(RunnerUnreachable unreachable, TimeSpan now)
    {
        if (_runners.FindLive(unreachable.Runner) is not { State: RunnerState.Ready, Draining: null or StopReason.Evicted } runner)
            return;
        runner.StopCause = unreachable.Cause;
        runner.DrainEnds ??= now + _settings.UnloadDrain;
        StopWhenIdle(runner, StopReason.Unreachable, now);
    }

    // An answer may be without end, and it is not cut. So whoever waits behind it for the same model is served beside it.
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
            Resume(runner);
        }
    }

    // Nobody waits for room any more, so whoever was to yield for it goes on.
    private void StopYielding()
    {
        foreach (ManagedRunnerState runner in _runners.Live)
        {
            runner.FailedYields = 0;
            if (runner is { State: RunnerState.Ready, Draining: StopReason.Evicted })
                Resume(runner);
        }
    }

    private void Resume(ManagedRunnerState runner)
    {
        runner.Draining = null;
        AdmitWaiting(runner);
    }
}
