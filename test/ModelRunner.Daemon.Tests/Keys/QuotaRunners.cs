using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Keys;

/// <summary>The real scheduler of a <see cref="QuotaWorld"/>, and runners that do what it says after some time, or crash.</summary>
internal sealed class QuotaRunners
{
    private const int Models = 4;
    private const int LongestLoad = 30;
    private const int LongestStop = 5;

    private static readonly TimeSpan QueueTimeout = TimeSpan.FromSeconds(60);

    private readonly QuotaDice _dice;
    private readonly QuotaWorld _world;
    private readonly Scheduler _scheduler;
    private readonly Dictionary<RunnerId, bool> _ready = [];
    private readonly HashSet<RunnerKey> _keys = [];
    private readonly Dictionary<RunnerId, RunnerKey> _keyOf = [];
    private long? _budget;

    public QuotaRunners(QuotaDice dice, QuotaWorld world)
    {
        (_dice, _world) = (dice, world);
        _scheduler = new Scheduler(MakeSettings());
    }

    /// <summary>The longest wait of a request, from the settings.</summary>
    public static TimeSpan WaitBound { get; } = QueueTimeout + TimeSpan.FromSeconds(LongestLoad + LongestStop);

    public int Crashes { get; private set; }

    public TimeSpan? NextDeadline => _scheduler.NextDeadline;

    public void Ask(RequestId id, RequestPriority priority)
    {
        var key = new RunnerKey("llama.cpp", $"m{_dice.Below(Models)}", RunnerMode.Completion);
        var demand = new RunnerDemand(20 + _dice.Below(50), null) { Priority = priority };
        Tell(new RequestArrived(id, key, _dice.OneIn(4) ? demand with { LeastBytes = demand.MemoryBytes / 2 } : demand));
    }

    public void Reload()
    {
        Tell(new ConfigurationChanged(MakeSettings()));
        if (_budget is null || _dice.OneIn(2))
            return;

        // Other programs take and free memory.
        _budget = 40 + _dice.Below(120);
        Tell(new MemoryMeasured(_budget));
    }

    public void Tell(SchedulerEvent happened)
    {
        SchedulerEffect[] effects = [.. _scheduler.Handle(happened, _world.Now)];
        _scheduler.CheckInvariants();
        foreach (SchedulerEffect effect in effects)
            CarryOut(effect);
    }

    private SchedulerSettings MakeSettings()
    {
        _budget = 70 + _dice.Below(80);
        return new SchedulerSettings
        {
            MaxRunners = 1 + _dice.Below(3), MaxQueuedRequests = 2 + _dice.Below(12), MaxQueuedPerModel = 1 + _dice.Below(8),
            MemoryBudgetBytes = _budget, QueueTimeout = QueueTimeout,
            BackgroundDelay = TimeSpan.FromSeconds(_dice.Below(30)), MinStay = TimeSpan.FromSeconds(_dice.Below(30)),
        };
    }

    private void CarryOut(SchedulerEffect effect)
    {
        switch (effect)
        {
            case StartRunner start:
                Start(start);
                break;
            case StopRunner stop:
                _world.After(_dice.Seconds(LongestStop), () => End(stop.Runner, failure: null));
                break;
            case CheckRunner check:
                _world.After(TimeSpan.FromSeconds(1), () => Tell(new RunnerResponded(check.Runner)));
                break;
            case Admit admit:
                _world.Admit(admit.Request, admit.Runner);
                break;
            case Refuse refuse:
                _world.Refuse(refuse.Request, refuse.Reason);
                break;
        }
    }

    private void Start(StartRunner start)
    {
        CapacityReading capacity = start.Capacity!;
        QuotaWorld.Require(capacity.UsedBytes + capacity.NeededBytes <= _budget, $"{start.Key.Model} keeps the limit of memory");
        QuotaWorld.Require(_keys.Add(start.Key), $"{start.Key.Model} has one runner");
        _ready[start.Runner] = false;
        _keyOf[start.Runner] = start.Key;
        bool fails = _dice.OneIn(12);
        _world.After(_dice.Seconds(LongestLoad), () =>
        {
            if (fails)
                End(start.Runner, new RunnerFailure(StopReason.Exited, "it ended"));
            else
                BecomeReady(start.Runner);
        });
    }

    private void BecomeReady(RunnerId runner)
    {
        if (!_ready.ContainsKey(runner))
            return;
        _ready[runner] = true;
        Tell(new RunnerReady(runner));
        if (_dice.OneIn(5))
            _world.After(_dice.Seconds(60), () => Crash(runner));
    }

    private void Crash(RunnerId runner)
    {
        if (!_ready.ContainsKey(runner))
            return;
        Crashes++;
        End(runner, new RunnerFailure(StopReason.Crashed, "it crashed"));
    }

    private void End(RunnerId runner, RunnerFailure? failure)
    {
        if (!_ready.Remove(runner, out bool wasReady))
            return;
        _keys.Remove(_keyOf[runner]);
        Tell(wasReady ? new RunnerExited(runner, failure) : new RunnerFailed(runner, failure ?? new RunnerFailure(StopReason.Exited, "it was stopped")));
        _world.Break(runner);
    }
}
