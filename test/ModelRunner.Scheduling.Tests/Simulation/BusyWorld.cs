namespace ModelRunner.Scheduling.Tests.Simulation;

/// <summary>
/// A world in which nothing fails: each load, response and stop takes a time of its own, and clients send requests when they like. It measures how
/// long requests wait and how often models are loaded.
/// </summary>
/// <param name="settings">The settings of the scheduler.</param>
/// <param name="loadTime">How long the load of a model takes.</param>
/// <param name="responseTime">How long a response takes.</param>
/// <param name="stopTime">How long a process takes to end.</param>
internal sealed class BusyWorld(
    SchedulerSettings settings, Func<RunnerKey, TimeSpan> loadTime, Func<RunnerKey, TimeSpan> responseTime, Func<TimeSpan> stopTime) : IAgentWorld
{
    private readonly Scheduler _scheduler = new(settings);
    private readonly PriorityQueue<Action, (TimeSpan Time, long Order)> _agenda = new();
    private readonly Dictionary<RequestId, (RunnerKey Key, RunnerDemand Demand, TimeSpan Arrived, Action<TimeSpan>? Done)> _requests = [];
    private readonly Dictionary<RunnerId, bool> _ready = [];
    private readonly Dictionary<RunnerId, RunnerKey> _keys = [];
    private long _lastOrder;
    private long _lastRequest;

    public TimeSpan Now { get; private set; }

    public int Loads { get; private set; }

    /// <summary>The waits of all requests that were admitted.</summary>
    public List<(RequestPriority Priority, TimeSpan Wait)> Waits { get; } = [];

    public int Admitted => Waits.Count;

    /// <summary>The number of requests that wait.</summary>
    public int Waiting => _requests.Count;

    public void At(TimeSpan time, Action action) => _agenda.Enqueue(action, (time, ++_lastOrder));

    /// <summary>Sends a request.</summary>
    /// <param name="key">The model.</param>
    /// <param name="demand">What it needs.</param>
    /// <param name="done">Called with its wait when its response is complete.</param>
    public void Ask(RunnerKey key, RunnerDemand demand = default, Action<TimeSpan>? done = null)
    {
        var id = new RequestId(++_lastRequest);
        _requests.Add(id, (key, demand, Now, done));
        Tell(new RequestArrived(id, key, demand));
    }

    public void Ask(int model, Action done) => Ask(SchedulerBed.Key($"m{model}"), default, _ => done());

    /// <summary>Lets time pass until nothing is left to happen, or until this time.</summary>
    public void Run(TimeSpan end)
    {
        while (true)
        {
            bool isPlanned = _agenda.TryPeek(out Action? action, out (TimeSpan Time, long Order) next);
            TimeSpan? due = _scheduler.NextDeadline;
            if (due is { } deadline && deadline <= end && (!isPlanned || deadline <= next.Time))
            {
                Now = deadline > Now ? deadline : Now;
                Tell(new TimePassed());
            }
            else if (isPlanned && next.Time <= end)
            {
                _agenda.Dequeue();
                Now = next.Time;
                action!();
            }
            else
            {
                return;
            }
        }
    }

    private void Tell(SchedulerEvent happened)
    {
        SchedulerEffect[] effects = [.. _scheduler.Handle(happened, Now)];
        _scheduler.CheckInvariants();
        foreach (SchedulerEffect effect in effects)
            CarryOut(effect);
    }

    private void CarryOut(SchedulerEffect effect)
    {
        switch (effect)
        {
            case StartRunner start:
                Loads++;
                _ready[start.Runner] = false;
                _keys[start.Runner] = start.Key;
                At(Now + loadTime(start.Key), () => BecomeReady(start.Runner));
                break;
            case StopRunner stop:
                At(Now + stopTime(), () => End(stop.Runner));
                break;
            case CheckRunner check:
                At(Now + TimeSpan.FromSeconds(1), () => Tell(new RunnerResponded(check.Runner)));
                break;
            case Admit admit:
                (RunnerKey key, RunnerDemand demand, TimeSpan arrived, Action<TimeSpan>? done) = _requests[admit.Request];
                _requests.Remove(admit.Request);
                Waits.Add((demand.Priority, Now - arrived));
                At(Now + responseTime(key), () =>
                {
                    Tell(new RequestCompleted(admit.Request));
                    done?.Invoke(Now - arrived);
                });
                break;
            case Refuse refuse:
                throw new InvalidOperationException($"broken rule: nobody is refused: {refuse}");
        }
    }

    private void BecomeReady(RunnerId runner)
    {
        if (!_ready.ContainsKey(runner))
            return;
        _ready[runner] = true;
        Tell(new RunnerReady(runner));
    }

    private void End(RunnerId runner)
    {
        _ready.Remove(runner, out bool wasReady);
        Tell(wasReady ? new RunnerExited(runner, null) : new RunnerFailed(runner, new RunnerFailure(StopReason.Exited, "stopped")));
    }
}
