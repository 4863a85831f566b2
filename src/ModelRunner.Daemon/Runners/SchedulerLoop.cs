using System.Collections.Concurrent;
using System.Threading.Channels;
using ModelRunner.Daemon.Models;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// Feeds the scheduler one event at a time and carries out what it decides. Nothing else touches the scheduler, and nothing here waits for
/// a process: what takes time reports back as an event.
/// </summary>
internal sealed partial class SchedulerLoop : IAsyncDisposable
{
    private readonly Channel<SchedulerEvent> _events =
        Channel.CreateUnbounded<SchedulerEvent>(new UnboundedChannelOptions { SingleReader = true });

    private readonly ConcurrentDictionary<RequestId, PendingRequest> _pending = [];
    private readonly Dictionary<RunnerKey, ModelEntry> _models = [];
    private readonly ConcurrentDictionary<UnloadId, TaskCompletionSource<int>> _unloads = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Scheduler _scheduler;
    private readonly LiveRunners _live;
    private readonly IRunnerLauncher _launcher;
    private readonly MemoryMeter? _memory;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly long _startedAt;
    private readonly DateTimeOffset _origin;
    private readonly LifeCheck _lifeCheck;
    private readonly ITimer _timer;
    private readonly Task _running;
    private volatile IReadOnlyList<RunnerSnapshot> _snapshot;

    /// <param name="settings">The limits.</param>
    /// <param name="live">The runners, those attached being known already.</param>
    /// <param name="launcher">Starts runners.</param>
    /// <param name="memory">Measures what runners may take before a decision needs it; null: the settings say it.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Told of stops and of errors of the daemon itself.</param>
    public SchedulerLoop(
        SchedulerSettings settings, LiveRunners live, IRunnerLauncher launcher, MemoryMeter? memory, TimeProvider time, ILogger logger)
    {
        (_live, _launcher, _memory, _time, _logger) = (live, launcher, memory, time, logger);
        _scheduler = new Scheduler(settings);
        _lifeCheck = new LifeCheck(time);
        _startedAt = time.GetTimestamp();
        _origin = time.GetUtcNow();
        _snapshot = TakeSnapshot();
        _timer = time.CreateTimer(_ => Post(new TimePassed()), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _running = RunAsync();
    }

    /// <summary>All runners as they were after the last event.</summary>
    public IReadOnlyList<RunnerSnapshot> Snapshot => _snapshot;

    /// <summary>Completes after a <see cref="ShutdownAsked"/>, when no request runs and no process is left.</summary>
    public Task Ended => _ended.Task;

    public void Post(SchedulerEvent happened) => _events.Writer.TryWrite(happened);

    /// <summary>Begins a request. Its answer comes by <see cref="PendingRequest.Answer"/>.</summary>
    public void Begin(PendingRequest request, RunnerKey key, IReadOnlyCollection<RunnerId> tried)
    {
        _pending[request.Id] = request;
        var demand = new RunnerDemand(request.Model.MemoryBytes, request.Model.Settings.KeepAlive);
        if (!_events.Writer.TryWrite(new RequestArrived(request.Id, key, demand) { Tried = tried }))
            Refuse(Refusals.ShuttingDown(request.Id));
    }

    /// <summary>Its client left. It stays known until the loop has seen that, since a start may be under way for it.</summary>
    public void Leave(PendingRequest request) => Post(new ClientLeft(request.Id));

    public Task<int> UnloadAsync(UnloadId id, UnloadSelection selection)
    {
        var answer = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        _unloads[id] = answer;
        if (!_events.Writer.TryWrite(new UnloadAsked(id, selection)))
            answer.TrySetResult(0);
        return answer.Task;
    }

    /// <summary>Lets an unload go on that nobody waits for any more.</summary>
    public void Abandon(UnloadId id)
    {
        _unloads.TryRemove(id, out _);
        Post(new UnloadAbandoned(id));
    }

    /// <summary>Takes no more events. What waits for an answer is refused.</summary>
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
        await foreach (SchedulerEvent happened in _events.Reader.ReadAllAsync())
        {
            try
            {
                // Before the decision: what was free a minute ago may be taken by now.
                if (_memory is not null && MemoryMeter.IsNeededFor(happened, _snapshot))
                    Handle(new MemoryMeasured(_memory.Measure(happened)));
                Handle(happened);
            }
            catch (Exception failure)
            {
                // One event is lost. Without the loop every later request would be.
                LogLoopFailed(failure, happened.GetType().Name);
            }
        }
    }

    private void Handle(SchedulerEvent happened)
    {
        if (happened is RequestArrived arrived && _pending.TryGetValue(arrived.Request, out PendingRequest? request))
            _models[arrived.Key] = request.Model;

        IReadOnlyList<SchedulerEffect> effects = _scheduler.Handle(happened, Now);
        SetTimer();
        foreach (StartRunner start in effects.OfType<StartRunner>())
            Start(start);

        // Readers see a decision before anybody acts on it; whoever is cut looks here for the cause.
        _snapshot = TakeSnapshot();
        foreach (SchedulerEffect effect in effects)
            CarryOut(effect);
        if (happened is ClientLeft left)
            _pending.TryRemove(left.Request, out _);
        if (happened is RunnerFailed or RunnerExited)
            Forget(happened is RunnerFailed failed ? failed.Runner : ((RunnerExited)happened).Runner);
    }

    private void Start(StartRunner start)
    {
        IManagedRunner process;
        try
        {
            process = _launcher.Start(start.Runner, start.Key, _models[start.Key]);
        }
        catch (Exception failure)
        {
            LogStartThrew(failure, start.Key.Model);
            Post(new RunnerFailed(start.Runner, failure.Message));
            return;
        }

        _live.Add(start.Runner, process);
        _ = WatchAsync(start, process);
    }

    private async Task WatchAsync(StartRunner start, IManagedRunner process)
    {
        if (await process.Ready is { } failure)
        {
            Post(new RunnerFailed(start.Runner, failure.Message));
            return;
        }

        Post(new RunnerReady(start.Runner));
        RunnerFailure? end = await process.Exited;
        Post(new RunnerExited(start.Runner, end?.Message));
    }

    private void Stop(StopRunner stop)
    {
        if (_live.Find(stop.Runner) is not { } runner)
            return;
        LogStopping(runner.Process?.ProcessId, stop.Reason);
        _ = runner.StopAsync();
    }

    private async Task CheckAsync(RunnerId id)
    {
        if (_live.Find(id) is not { } runner)
            return;
        try
        {
            bool isAlive = await _lifeCheck.IsAliveAsync(runner.Endpoint, runner.Gone);
            Post(isAlive ? new RunnerAnswered(id) : new RunnerStuck(id, LifeCheck.Silence));
        }
        catch (OperationCanceledException)
        {
            // It has ended or is being stopped.
        }
        catch (Exception failure)
        {
            LogCheckFailed(failure, id.Value);
            Post(new RunnerAnswered(id));
        }
    }

    private void Forget(RunnerId id)
    {
        _ = _live.Find(id)?.CutAsync();
        _live.Remove(id);

        // A model's entry is kept only as long as its runner may be started for somebody.
        HashSet<RunnerKey> known = [.. _snapshot.Select(static runner => runner.Key)];
        foreach (RunnerKey key in _models.Keys.Where(key => !known.Contains(key)).ToArray())
            _models.Remove(key);
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
            case UnloadCompleted unloaded when _unloads.TryRemove(unloaded.Unload, out TaskCompletionSource<int>? answer):
                answer.TrySetResult(unloaded.Count);
                break;
            case ShutdownCompleted:
                _ended.TrySetResult();
                break;
        }
    }

    private void Admit(Admit admit)
    {
        if (_live.Find(admit.Runner) is { } runner && _pending.TryRemove(admit.Request, out PendingRequest? request))
        {
            var lease = new RunnerLease(admit.Runner, runner.Endpoint, result => Post(new RequestCompleted(admit.Request, result)))
            {
                IsAttached = runner.Process is null, Model = request.Model.Reference, RunnerGone = runner.Gone,
            };
            if (request.TryAdmit(lease))
                return;
        }

        // The client left between the decision and now.
        Post(new RequestCompleted(admit.Request, RequestResult.Abandoned));
    }

    private void Refuse(Refuse refusal)
    {
        if (_pending.TryRemove(refusal.Request, out PendingRequest? request))
            request.Refuse(refusal);
    }

    private TimeSpan Now => _time.GetElapsedTime(_startedAt);

    private IReadOnlyList<RunnerSnapshot> TakeSnapshot() =>
        RunnerSnapshots.Make(_scheduler.Snapshot(), _live, _launcher.Engine, _origin);

    private void SetTimer()
    {
        TimeSpan due = Timeout.InfiniteTimeSpan;
        if (_scheduler.NextDeadline is { } next)
            due = TimeSpan.FromMilliseconds(Math.Clamp(Math.Ceiling((next - Now).TotalMilliseconds), 0, int.MaxValue));
        _timer.Change(due, Timeout.InfiniteTimeSpan);
    }

    [LoggerMessage(LogLevel.Critical, "An error in the daemon itself: the event {Happened} was lost.")]
    private partial void LogLoopFailed(Exception failure, string happened);

    [LoggerMessage(LogLevel.Error, "An error in the daemon itself: model {Model} could not be started.")]
    private partial void LogStartThrew(Exception failure, string model);

    [LoggerMessage(LogLevel.Error, "An error in the daemon itself: runner {Runner} could not be asked whether it lives.")]
    private partial void LogCheckFailed(Exception failure, long runner);

    [LoggerMessage(LogLevel.Information, "Stopping process {ProcessId}: {Reason}.")]
    private partial void LogStopping(int? processId, StopReason reason);
}
