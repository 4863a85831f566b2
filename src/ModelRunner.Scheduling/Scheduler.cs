namespace ModelRunner.Scheduling;

/// <summary>
/// Decides which runner serves a request, which one starts and which one is evicted. A pure state machine: the same events at the same times
/// have the same effects. Not thread-safe; one loop owns it.
/// </summary>
/// <remarks>
/// <para>All times are spans since an origin that the caller chooses. They must come from a monotonic clock.</para>
/// <para>Each event changes the state. One <see cref="Reconcile"/> follows, which checks the whole state: expired waits, idle runners, possible
/// starts. So no decision depends on the order of events, and none is missed.</para>
/// </remarks>
public sealed partial class Scheduler
{
    private readonly ManagedRunners _runners = new();
    private readonly AttachedRunners _attached = new();
    private readonly Dictionary<RequestId, RequestState> _requests = [];
    private readonly List<PendingUnload> _unloads = [];
    private readonly List<SchedulerEffect> _effects = [];
    private SchedulerSettings _settings;
    private long _lastRunner;
    private int _queued;
    private ShutdownPhase _shutdown;
    private bool _isMemoryMeasured;

    /// <summary>The first model that waits for capacity after the last event; null: none does.</summary>
    private ManagedRunnerState? _blocked;

    /// <summary>Creates a scheduler without managed runners.</summary>
    /// <param name="settings">The initial settings.</param>
    public Scheduler(SchedulerSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        _settings = settings;
        _attached.Replace(settings.Attached);
    }

    /// <summary>When <see cref="TimePassed"/> must be sent at the latest; null: never.</summary>
    public TimeSpan? NextDeadline { get; private set; }

    /// <summary>
    /// Handles one event and returns the effects, in the order in which they must be carried out. The list is borrowed: valid until the next
    /// call.
    /// </summary>
    public IReadOnlyList<SchedulerEffect> Handle(SchedulerEvent schedulerEvent, TimeSpan now)
    {
        _effects.Clear();
        switch (schedulerEvent)
        {
            case RequestArrived arrived: Arrive(arrived, now); break;
            case ClientDisconnected left: Leave(left.Request); break;
            case RequestCompleted completed: Complete(completed, now); break;
            case RunnerReady ready: BecomeReady(ready, now); break;
            case RunnerFailed failed: Fail(failed, now); break;
            case RunnerExited exited: Exit(exited, now); break;
            case RunnerResponded answered: CompleteCheck(answered.Runner); break;
            case RunnerStuck stuck: StopStuck(stuck); break;
            case RunnerStalled stalled: StopStalled(stalled); break;
            case RunnerUnreachable unreachable: Replace(unreachable, now); break;
            case UnloadRequested asked: Unload(asked, now); break;
            case UnloadAbandoned abandoned: _unloads.RemoveAll(unload => unload.Id == abandoned.Unload); break;
            case RunnersOutdated outdated: Outdate(outdated); break;
            case ConfigurationChanged changed: Configure(changed, now); break;
            case MemoryMeasured measured: Measure(measured.BudgetBytes); break;
            case CardsMeasured measured: _settings = _settings with { CardBudgets = measured.Budgets }; break;
            case ResidentsChanged changed: ReplaceResidents(changed); break;
            case ShutdownRequested: Shutdown(now); break;
            case TimePassed: break;
            default: throw new ArgumentException($"Unknown event: {schedulerEvent}.", nameof(schedulerEvent));
        }

        Reconcile(now);
        NextDeadline = Deadline.Next(_runners, _blocked, _settings, now);
        if (_isResidentMissing && (NextDeadline is not { } next || next > now + ResidentRetry))
            NextDeadline = now + ResidentRetry;
        return _effects;
    }

    /// <summary>A copy of the status of all runners, in order of backend, model, mode and identity.</summary>
    public IReadOnlyList<RunnerStatus> Snapshot() =>
    [
        .. _runners.All
            .Select(static runner => runner.ToStatus())
            .Concat(_attached.All.Select(static runner => runner.ToStatus()))
            .OrderBy(static status => status.Key, RunnerKey.Order)
            .ThenBy(static status => status.Id.Value),
    ];

    /// <summary>Throws <see cref="InvalidOperationException"/> if an invariant is violated. For tests.</summary>
    internal void CheckInvariants() => Invariants.Check(_runners, _requests, _queued, _settings, _shutdown != ShutdownPhase.None);

    private void BecomeReady(RunnerReady ready, TimeSpan now)
    {
        if (_runners.FindLive(ready.Runner) is not { State: RunnerState.Loading } runner)
            return;
        runner.State = RunnerState.Ready;
        runner.ReadySince = now;
        runner.LoadTime = now - runner.StartedAt;
        runner.ReloadTime = ready.ExpectedLoad ?? runner.LoadTime;
        runner.LastUsed = now;
        runner.Failure = null;
        if (runner.IsResident && FindResident(runner.Key) is { Demand.Priority: RequestPriority.Interactive })
            runner.LastInteractive = now;
        AdmitWaiting(runner, now);
        runner.Collated = 0;
    }

    private void Fail(RunnerFailed failed, TimeSpan now)
    {
        if (_runners.FindLive(failed.Runner) is not { } runner)
            return;
        if (runner.State == RunnerState.Stopping)
        {
            End(runner, runner.StopReason, failure: null);
            return;
        }

        // Its model was removed. A later request means another model of this name. One that is loaded without a request would be started at once.
        if (failed.Failure.Reason.IsRequested() && !runner.IsResident)
        {
            RefuseWaiting(runner, request => Refusals.StartCancelled(request, runner.Key, failed.Failure));
            End(runner, failed.Failure.Reason, failure: null);
            return;
        }

        runner.Failures++;
        runner.FailedAt = now;
        TimeSpan wait = Backoff.After(runner.Failures, _settings);
        runner.RetryAt = now + wait;
        runner.IsBackingOff = true;
        runner.HasCrashed = false;
        RefuseWaiting(runner, request => Refusals.StartFailed(request, runner.Key, failed.Failure, wait));
        End(runner, failed.Failure.Reason, failed.Failure);
    }

    private void Exit(RunnerExited exited, TimeSpan now)
    {
        if (_runners.FindLive(exited.Runner) is not { } runner)
            return;
        if (runner.State == RunnerState.Stopping)
        {
            runner.FailedAt = now;
            End(runner, runner.StopReason, runner.StopFailure);
            return;
        }

        RunnerFailure failure = exited.Failure ?? new RunnerFailure(StopReason.Exited, "its process ended although it was not stopped");
        if (runner.State == RunnerState.Loading)
        {
            Fail(new RunnerFailed(runner.Id, failure), now);
            return;
        }

        // After a first crash the next request starts a new process at once. A runner that crashes repeatedly, soon after it is ready and
        // without serving a request, waits for its backoff.
        bool wasStable = runner.HasServed || now - runner.ReadySince >= Backoff.ForgivenAfter;
        runner.Failures = wasStable ? 1 : runner.Failures + 1;
        runner.FailedAt = now;
        runner.RetryAt = now + Backoff.After(runner.Failures - 1, _settings);
        runner.IsBackingOff = runner.RetryAt > now;
        runner.HasCrashed = true;
        if (runner.IsBackingOff && !CanWaitOut(runner, now))
            RefuseWaiting(runner, request => Refusals.Backoff(request, runner.Key, failure, runner.RetryAt - now));
        End(runner, failure.Reason, failure);
    }

    private void End(ManagedRunnerState runner, StopReason reason, RunnerFailure? failure)
    {
        _effects.Add(new RunnerEnded(runner.Id, runner.Key, reason)
        {
            Crash = reason.IsRequested() ? null : failure?.Class ?? CrashClasses.Of(reason),
        });
        foreach (RequestState orphan in _requests.Values.Where(request => request.IsAdmitted && request.Managed == runner).ToList())
            _requests.Remove(orphan.Id);
        foreach (PendingUnload unload in _unloads)
            unload.Runners.Remove(runner.Id);
        if (failure is null)
            runner.Failures = 0;
        runner.Failure = failure;
        _runners.End(runner);
        runner.Reserve(_settings.MemoryBudgetBytes);
        _runners.ForgetIfEmpty(runner);
    }

    private void RefuseWaiting(ManagedRunnerState runner, Func<RequestId, Refuse> refusal)
    {
        foreach (RequestState request in runner.Waiting)
        {
            _requests.Remove(request.Id);
            _effects.Add(refusal(request.Id));
        }

        _queued -= runner.Waiting.Count;
        runner.Waiting.Clear();
    }

    // A busy runner accepts no more requests. It stops after its last one, or when the drain time is over. Requests that arrive meanwhile wait
    // and load it again.
    private void Unload(UnloadRequested asked, TimeSpan now)
    {
        HashSet<RunnerId> ends = [];
        int count = 0;
        DismissResidents(asked.Selection);
        foreach (ManagedRunnerState runner in _runners.All.Where(runner => asked.Selection.Matches(runner.Key)).ToList())
        {
            if (!runner.IsLive)
            {
                ForgetFailure(runner);
                continue;
            }

            ends.Add(runner.Id);
            if (runner.State == RunnerState.Stopping)
                continue;
            count++;
            RefuseWaiting(runner, request => Refusals.Unloading(request, runner.Key));
            runner.DrainEnds ??= now + _settings.UnloadDrain;
            runner.UnloadedBy ??= asked.By;
            StopWhenIdle(runner, StopReason.Unloaded, now);
        }

        _unloads.Add(new PendingUnload(asked.Unload, count, ends));
    }

    // An unload of a failed model resets its backoff.
    private void ForgetFailure(ManagedRunnerState runner)
    {
        runner.Failures = 0;
        runner.RetryAt = TimeSpan.Zero;
        runner.IsBackingOff = false;
        runner.Failure = null;
        runner.State = null;
        _runners.ForgetIfEmpty(runner);
    }

    private void Measure(long? budgetBytes)
    {
        _isMemoryMeasured = true;
        _settings = _settings with { MemoryBudgetBytes = budgetBytes };
        ReserveWithin(budgetBytes);
    }

    // What waiting requests need depends on the budget.
    private void ReserveWithin(long? budgetBytes)
    {
        foreach (ManagedRunnerState runner in _runners.All)
            runner.Reserve(budgetBytes);
    }

    private void Shutdown(TimeSpan now)
    {
        if (_shutdown == ShutdownPhase.Ended)
            return;
        _shutdown = _shutdown == ShutdownPhase.None ? ShutdownPhase.Draining : ShutdownPhase.Ending;
        foreach (ManagedRunnerState runner in _runners.All.ToList())
        {
            RefuseWaiting(runner, Refusals.ShuttingDown);
            if (runner.State == RunnerState.Ready && _shutdown == ShutdownPhase.Ending)
                Stop(runner, StopReason.Shutdown);
            else if (runner.State is RunnerState.Loading or RunnerState.Ready)
                StopWhenIdle(runner, StopReason.Shutdown, now);
            _runners.ForgetIfEmpty(runner);
        }
    }

    private void StopWhenIdle(ManagedRunnerState runner, StopReason reason, TimeSpan now)
    {
        if (runner.InFlight == 0)
            Stop(runner, reason);
        else
            Drain(runner, reason, now);
    }

    private void Stop(ManagedRunnerState runner, StopReason reason)
    {
        runner.State = RunnerState.Stopping;
        runner.StopReason = reason;
        runner.Draining = null;
        runner.DrainEnds = null;
        RunnerKey? wanted = reason == StopReason.Evicted ? runner.EvictedFor?.Key : null;
        if (wanted is not null)
            runner.EvictedFor?.Evicted.Add(runner.Key);
        runner.EvictedFor = null;
        _effects.Add(new StopRunner(runner.Id, reason)
        {
            Failure = runner.StopFailure, For = wanted, Outdated = runner.Outdated ?? default, By = reason == StopReason.Unloaded ? runner.UnloadedBy : null,
        });
    }
}
