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
    private readonly ConcurrentDictionary<RunnerKey, ModelEntry> _models = [];
    private readonly ConcurrentDictionary<UnloadId, TaskCompletionSource<int>> _unloads = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Scheduler _scheduler;
    private readonly LiveRunners _live;
    private readonly IRunnerLauncher _launcher;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly long _startedAt;
    private readonly DateTimeOffset _origin;
    private readonly ITimer _timer;
    private readonly Task _running;
    private volatile IReadOnlyList<RunnerSnapshot> _snapshot;

    public SchedulerLoop(SchedulerSettings settings, LiveRunners live, IRunnerLauncher launcher, TimeProvider time, ILogger logger)
    {
        (_live, _launcher, _time, _logger) = (live, launcher, time, logger);
        _scheduler = new Scheduler(settings);
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
    public void Begin(PendingRequest request, RunnerKey key)
    {
        _models[key] = request.Model;
        _pending[request.Id] = request;
        var demand = new RunnerDemand(request.Model.MemoryBytes, request.Model.Settings.KeepAlive);
        if (!_events.Writer.TryWrite(new RequestArrived(request.Id, key, demand)))
            Refuse(Refusals.ShuttingDown(request.Id));
    }

    public void Leave(PendingRequest request)
    {
        _pending.TryRemove(request.Id, out _);
        Post(new ClientLeft(request.Id));
    }

    public Task<int> UnloadAsync(UnloadId id, UnloadSelection selection)
    {
        var answer = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        _unloads[id] = answer;
        if (!_events.Writer.TryWrite(new UnloadAsked(id, selection)))
            answer.TrySetResult(0);
        return answer.Task;
    }

    /// <summary>Cuts every request, on attached runners too.</summary>
    public Task CutAllAsync() => Task.WhenAll(_live.All.ToList().Select(static runner => runner.CutAsync()));

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
        List<SchedulerEffect> answers = [];
        while (await _events.Reader.WaitToReadAsync())
        {
            while (_events.Reader.TryRead(out SchedulerEvent? happened))
                Handle(happened, answers);

            // Readers see a decision before anybody acts on it.
            _snapshot = TakeSnapshot();
            foreach (SchedulerEffect answer in answers)
                Answer(answer);
            answers.Clear();
            SetTimer();
        }
    }

    private void Handle(SchedulerEvent happened, List<SchedulerEffect> answers)
    {
        IReadOnlyList<SchedulerEffect> effects = _scheduler.Handle(happened, Now);
        foreach (SchedulerEffect effect in effects)
        {
            if (effect is StartRunner start)
                Start(start);
            else if (effect is StopRunner stop)
                Stop(stop);
            else
                answers.Add(effect);
        }

        if (happened is RunnerFailed or RunnerExited)
            Forget(happened is RunnerFailed failed ? failed.Runner : ((RunnerExited)happened).Runner);
    }

    private void Start(StartRunner start)
    {
        IManagedRunner process = _launcher.Start(start.Runner, start.Key, _models[start.Key]);
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

    private void Forget(RunnerId id)
    {
        _ = _live.Find(id)?.CutAsync();
        _live.Remove(id);
    }

    private void Answer(SchedulerEffect effect)
    {
        switch (effect)
        {
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
        var completed = new RequestCompleted(admit.Request);
        if (_live.Find(admit.Runner) is { } runner && _pending.TryRemove(admit.Request, out PendingRequest? request))
        {
            var lease = new RunnerLease(admit.Runner, runner.Endpoint, () => Post(completed)) { RunnerGone = runner.Gone };
            if (request.TryAdmit(lease))
                return;
        }

        // The client left between the decision and now.
        Post(completed);
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

    [LoggerMessage(LogLevel.Information, "Stopping process {ProcessId}: {Reason}.")]
    private partial void LogStopping(int? processId, StopReason reason);
}
