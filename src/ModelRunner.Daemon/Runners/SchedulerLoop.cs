using System.Collections.Concurrent;
using System.Threading.Channels;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Ledger;
using ModelRunner.Daemon.Models;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// Passes events to the scheduler one at a time and carries out its effects. Only this loop uses the scheduler. It never waits for a process:
/// the result arrives as an event. Public members are thread-safe.
/// </summary>
internal sealed partial class SchedulerLoop : IAsyncDisposable
{
    /// <summary>How long the result of an unload may wait for the ledger.</summary>
    private static readonly TimeSpan CountTimeout = TimeSpan.FromSeconds(1);

    private readonly Channel<SchedulerEvent> _events =
        Channel.CreateUnbounded<SchedulerEvent>(new UnboundedChannelOptions { SingleReader = true });

    private readonly ConcurrentDictionary<RequestId, PendingRequest> _pending = [];
    private readonly WantedModels _models;
    private readonly ResidentModels _residents = new();
    private readonly ConcurrentDictionary<UnloadId, TaskCompletionSource<int>> _unloads = [];
    private readonly ConcurrentQueue<IReadOnlyList<LiveRunner>> _attached = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Scheduler _scheduler;
    private readonly LiveRunners _live;
    private readonly IRunnerLauncher _launcher;
    private readonly MemoryMeter _memory;
    private readonly CardMeter? _cards;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly long _startedAt;
    private readonly DateTimeOffset _origin;
    private readonly HealthCheck _healthCheck;
    private readonly ITimer _timer;
    private readonly Task _running;
    private readonly RunnerLives _lives;
    private readonly RunnerDemands _demands;
    private readonly MemoryPeaks _peaks;
    private readonly RequestAccounts? _requests;
    private readonly UsageTimer? _usageTimer;
    private readonly DecisionRecorder _recorder;
    private volatile IReadOnlyList<RunnerSnapshot> _snapshot;
    private volatile bool _hasGivenUp;
    private bool _isMeasured;

    /// <param name="settings">The settings of the scheduler.</param>
    /// <param name="live">The live runners, which contain the attached ones already.</param>
    /// <param name="launcher">Starts runners.</param>
    /// <param name="memory">Measures the memory budget before a decision if the settings do not contain it.</param>
    /// <param name="accounts">Counts loads and processor time.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log of stops and internal errors.</param>
    /// <param name="requests">Counts what the runners counted differently; null: nothing does.</param>
    /// <param name="ledger">Stores the starts of runners; null: they are only counted.</param>
    /// <param name="usageTimer">Measures runners from time to time; null: nothing does.</param>
    /// <param name="cards">Measures the graphics cards before a decision; null: nothing does.</param>
    public SchedulerLoop(
        SchedulerSettings settings, LiveRunners live, IRunnerLauncher launcher, MemoryMeter memory, RunnerAccounts accounts, TimeProvider time,
        ILogger logger, RequestAccounts? requests = null, RequestLedger? ledger = null, UsageTimer? usageTimer = null, CardMeter? cards = null)
    {
        (_requests, _usageTimer, _cards) = (requests, usageTimer, cards);
        _lives = new RunnerLives(accounts, ledger, time);
        (_peaks, _demands) = (accounts.Peaks, new RunnerDemands(accounts.Peaks, () => cards?.Cards));
        LoadRatio = new LoadRatio(time);
        _models = new WantedModels(_demands, settings.MemoryBudgetBytes);
        _recorder = new DecisionRecorder(Decisions, time, key => _models!.Find(key));
        (_live, _launcher, _memory, _time, _logger) = (live, launcher, memory, time, logger);
        _scheduler = new Scheduler(settings);
        _isMeasured = settings.MemoryBudgetBytes is null;
        _healthCheck = new HealthCheck(time);
        _startedAt = time.GetTimestamp();
        _origin = time.GetUtcNow();
        _snapshot = TakeSnapshot();
        _timer = time.CreateTimer(_ => Post(new TimePassed()), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _running = RunAsync();
    }

    /// <summary>All runners after the last event. An immutable snapshot.</summary>
    public IReadOnlyList<RunnerSnapshot> Snapshot => _snapshot;

    /// <summary>The loads and requests of the last minutes.</summary>
    public LoadRatio LoadRatio { get; }

    /// <summary>The latest decisions.</summary>
    public DecisionLog Decisions { get; } = new();

    /// <summary>What the runners write.</summary>
    public RunnerLogs Logs { get; } = new();

    /// <summary>Whether models that are loaded without a request are not started any more, because their starts failed.</summary>
    public bool HasGivenUp => _hasGivenUp;

    /// <summary>Completes after a <see cref="ShutdownRequested"/>, when no request is running and no process is left.</summary>
    public Task Ended => _ended.Task;

    public void Post(SchedulerEvent schedulerEvent) => _events.Writer.TryWrite(schedulerEvent);

    /// <summary>Begins a request. <see cref="PendingRequest.Outcome"/> completes with its outcome.</summary>
    public void Begin(PendingRequest request, IReadOnlyCollection<RunnerId> tried)
    {
        _pending[request.Id] = request;
        RunnerDemand demand = request.Wishes.Complete(_demands.Of(request.Model, request.Key.Mode));
        request.Demands = _demands;
        request.MeasuredSurplus = demand.MemoryBytes - _demands.MainMemoryOf(request.Model, request.Key.Mode);
        if (!_events.Writer.TryWrite(new RequestArrived(request.Id, request.Key, demand) { Tried = tried }))
            Refuse(Refusals.ShuttingDown(request.Id));
    }

    /// <summary>Refuses a request that the scheduler does not have to see.</summary>
    public AcquireOutcome RefuseAtOnce(PendingRequest request, Refuse refusal)
    {
        _recorder.RecordRefusal(refusal, request);
        return new AcquireOutcome(Lease: null, refusal);
    }

    /// <summary>Replaces the settings and the attached runners that they name. Calls must not overlap.</summary>
    public void Configure(ConfigurationChanged changed, IReadOnlyList<LiveRunner> attached)
    {
        _attached.Enqueue(attached);
        Post(changed);
    }

    /// <summary>Replaces the models that are loaded without a request.</summary>
    public void SetResidents(IReadOnlyDictionary<RunnerKey, ModelEntry> residents, bool keepsUnloaded) =>
        Post(_residents.Replace(residents, keepsUnloaded));

    /// <summary>
    /// Reports that the client of a request disconnected. The request remains known until the loop has handled this, because a start may be in
    /// progress for it.
    /// </summary>
    public void Leave(PendingRequest request) => Post(new ClientDisconnected(request.Id));

    public Task<int> UnloadAsync(UnloadId id, UnloadSelection selection, string? by)
    {
        var completion = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        _unloads[id] = completion;
        if (!_events.Writer.TryWrite(new UnloadRequested(id, selection) { By = by }))
            completion.TrySetResult(0);
        return completion.Task;
    }

    /// <summary>Reports that the caller of an unload disconnected. The unload continues.</summary>
    public void Abandon(UnloadId id)
    {
        _unloads.TryRemove(id, out _);
        Post(new UnloadAbandoned(id));
    }

    /// <summary>Accepts no more events and refuses the waiting requests.</summary>
    public async ValueTask DisposeAsync()
    {
        _events.Writer.TryComplete();
        await _running;
        await _timer.DisposeAsync();
        foreach (PendingRequest request in _pending.Values)
            request.Refuse(Refusals.ShuttingDown(request.Id));
        foreach (TaskCompletionSource<int> unload in _unloads.Values)
            unload.TrySetResult(0);
    }

    private async Task RunAsync()
    {
        await Task.Yield();
        await foreach (SchedulerEvent schedulerEvent in _events.Reader.ReadAllAsync())
        {
            try
            {
                if (schedulerEvent is ConfigurationChanged changed && _attached.TryDequeue(out IReadOnlyList<LiveRunner>? attached))
                {
                    _live.Attach(attached);
                    _isMeasured = changed.Settings.MemoryBudgetBytes is null;
                    _models.SetBudget(changed.Settings.MemoryBudgetBytes);
                }

                // Measure before the decision, because an older value may be wrong by now.
                bool mayStart = MemoryMeter.IsNeededFor(schedulerEvent, _snapshot) || _residents.MayStart(schedulerEvent, _snapshot);
                if (_cards is { IsUsed: true } && mayStart)
                    Handle(_models.SetMeasured(await _cards.MeasureAsync(schedulerEvent, _snapshot)));
                if (_isMeasured && mayStart)
                    Handle(_models.SetMeasured(_memory.Measure(schedulerEvent)));
                Handle(schedulerEvent);
                _cards?.ReleaseUnused();
            }
            catch (Exception failure)
            {
                // One event is lost. If the loop ended, every later request would be.
                LogLoopFailed(failure, schedulerEvent.GetType().Name);
            }
        }
    }

    private void Handle(SchedulerEvent schedulerEvent)
    {
        if (schedulerEvent is RequestArrived arrived && _pending.TryGetValue(arrived.Request, out PendingRequest? request))
            schedulerEvent = arrived with { Demand = _models.Take(request, arrived.Demand, _snapshot) };
        if (schedulerEvent is ResidentsChanged replaced)
            schedulerEvent = replaced with { Residents = _residents.Prepare(_models, _demands, _snapshot) };
        if (schedulerEvent is RunnerReady ready)
            schedulerEvent = BecomeReady(ready);
        if (schedulerEvent is RunnerStalled stalled)
            Report(stalled);

        IReadOnlyList<SchedulerEffect> effects = Explain(_scheduler.Handle(schedulerEvent, Now));
        _hasGivenUp = _scheduler.HasGivenUp;
        Record(schedulerEvent, effects);
        ReportResidents(schedulerEvent, effects);
        LoadRatio.Count(effects);
        SetTimer();
        foreach (StartRunner start in effects.OfType<StartRunner>())
            Start(start);

        // Publish the decision before it is carried out: the client of an aborted request may ask for it at once.
        foreach (RunnerEnded ended in effects.OfType<RunnerEnded>())
        {
            LiveRunner? runner = _live.Find(ended.Runner);
            RunnerCounts? counts = runner?.Tally?.Last is { } last ? new RunnerCounts(last.Prompt.Count, last.Generated.Count) : null;
            _lives.End(ended, runner?.Process?.CpuTime, counts);
        }

        _snapshot = TakeSnapshot();
        if (schedulerEvent is RequestArrived came && _pending.GetValueOrDefault(came.Request)?.Notice is { } notice)
            Notify(notice, came, effects);
        foreach (SchedulerEffect effect in effects)
            CarryOut(effect);
        if (schedulerEvent is ClientDisconnected left)
            _pending.TryRemove(left.Request, out _);
        if (schedulerEvent is RunnerFailed failed)
            Forget(failed.Runner, failed.Failure);
        else if (schedulerEvent is RunnerExited exited)
            Forget(exited.Runner, exited.Failure);
    }

    // Returns the event with what the loads so far say about the next one.
    private RunnerReady BecomeReady(RunnerReady ready)
    {
        RunnerId id = ready.Runner;
        RunnerSnapshot? loading = _snapshot.FirstOrDefault(runner => runner.Id == id && runner.State == RunnerState.Loading);
        if (loading is null || _live.Find(id) is not { } runner)
            return ready;
        _lives.BecomeReady(id, runner.Process?.Receipt?.EngineVersion);
        if (runner.Process?.Slots?.OwnTokens is { } own)
            runner.Tally?.Add(own.Prompt, own.Generated);
        runner.BecomeReady(_time.GetTimestamp());
        if (runner.LoadStartedAt is { } startedAt)
            _recorder.RecordReady(loading.Key, _time.GetElapsedTime(startedAt));
        return ready with { ExpectedLoad = _lives.ExpectReload(id) };
    }

    private void Stop(StopRunner stop)
    {
        if (_live.Find(stop.Runner) is not { } runner)
            return;
        string? model = _snapshot.FirstOrDefault(snapshot => snapshot.Id == stop.Runner)?.Key.Model;
        LogStopping(model, runner.Process?.ProcessId, stop.Reason.ToLabelValue());
        _ = runner.StopAsync(stop.Reason, stop.Failure, _time);
    }

    private async Task CheckAsync(RunnerId id)
    {
        if (_live.Find(id) is not { } runner)
            return;
        try
        {
            bool isAlive = await _healthCheck.IsAliveAsync(runner.Endpoint, runner.Gone);
            Post(isAlive ? new RunnerResponded(id) : new RunnerStuck(id, HealthCheck.NoResponse));
        }
        catch (OperationCanceledException)
        {
            // The runner has ended or is being stopped.
        }
        catch (Exception failure)
        {
            LogCheckFailed(failure, id.Value);
            Post(new RunnerResponded(id));
        }
    }

    private void Forget(RunnerId id, RunnerFailure? failure)
    {
        _ = _live.Find(id)?.CutAsync(failure);
        _live.Remove(id);

        _models.Keep(_snapshot);
    }

    private void CarryOut(SchedulerEffect effect)
    {
        switch (effect)
        {
            case StopRunner stop:
                Stop(stop);
                break;
            case CheckRunner check:
                _ = CheckAsync(check.Runner);
                break;
            case Admit admit:
                Admit(admit);
                break;
            case Refuse refusal:
                Refuse(refusal);
                break;
            case UnloadCompleted unloaded when _unloads.TryRemove(unloaded.Unload, out TaskCompletionSource<int>? completion):
                _ = CompleteAsync(completion, unloaded.Count);
                break;
            case ShutdownCompleted:
                _ended.TrySetResult();
                break;
        }
    }

    // Who knows that a runner has ended finds its stop on the page.
    private async Task CompleteAsync(TaskCompletionSource<int> completion, int count)
    {
        if (!_lives.Counted.IsCompleted)
            await Task.WhenAny(_lives.Counted, Task.Delay(CountTimeout, _time));
        completion.TrySetResult(count);
    }

    private void Admit(Admit admit)
    {
        if (_live.Find(admit.Runner) is { } runner && _pending.TryRemove(admit.Request, out PendingRequest? request))
        {
            RequestTurn progress = runner.Hold();
            runner.Users.Add(request.Wishes.Sender?.Key);
            var lease = new RunnerLease(
                admit.Runner, runner.Endpoint, result => End(runner, progress, request, result), () => runner.Failure, () => runner.StopRequest)
            {
                IsAttached = runner.Process is null, Model = request.Model.Reference, RunnerGone = runner.Gone, Tally = runner.Tally,
                LoadStartedAt = runner.LoadStartedAt, LoadEndedAt = runner.LoadEndedAt, Progress = progress,
                Load = runner.Load, Slots = runner.Process?.Slots, ContextTokens = runner.Process?.Receipt?.EffectiveContext,
            };
            if (request.TryAdmit(lease))
                return;
            Release(runner, progress, request, RequestResult.NotSent);
        }

        // The client disconnected between the decision and now.
        Post(new RequestCompleted(admit.Request, RequestResult.NotSent));
    }

    private void End(LiveRunner runner, RequestTurn progress, PendingRequest request, RequestResult result)
    {
        Release(runner, progress, request, result);
        Post(new RequestCompleted(request.Id, result));
    }

    private static void Release(LiveRunner runner, RequestTurn progress, PendingRequest request, RequestResult result)
    {
        runner.Users.Remove(request.Wishes.Sender?.Key);
        runner.Release(progress, result);
    }

    private void Refuse(Refuse refusal)
    {
        if (_pending.TryRemove(refusal.Request, out PendingRequest? request))
            request.Refuse(refusal);
    }

    private TimeSpan Now => _time.GetElapsedTime(_startedAt);

    private IReadOnlyList<RunnerSnapshot> TakeSnapshot() =>
        RunnerSnapshots.Make(_scheduler.Snapshot(), _live, EngineOf, _origin);

    private string? EngineOf(RunnerKey key) =>
        (_models.Find(key) ?? _residents.Find(key))?.Settings is { } model ? model.Engine?.Name ?? model.Build ?? _launcher.Engine : _launcher.Engine;

    private void SetTimer()
    {
        TimeSpan due = Timeout.InfiniteTimeSpan;
        if (_scheduler.NextDeadline is { } next)
            due = TimeSpan.FromMilliseconds(Math.Clamp(Math.Ceiling((next - Now).TotalMilliseconds), 0, int.MaxValue));
        _timer.Change(due, Timeout.InfiniteTimeSpan);
    }
}
