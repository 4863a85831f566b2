namespace ModelRunner.Scheduling.Tests.Simulation;

/// <summary>Tells the scheduler and the reference the same events, the scheduler about the time only when it asked for that.</summary>
internal sealed class ReferenceWorld
{
    private const int Models = 4;

    private readonly SchedulerSettings _settings;
    private readonly Dice _dice;
    private readonly Scheduler _scheduler;
    private readonly ReferenceScheduler _reference;
    private readonly List<(TimeSpan Time, Action Happen)> _agenda = [];
    private readonly Dictionary<RequestId, string> _models = [];
    private readonly HashSet<RequestId> _waiting = [];
    private readonly int?[] _limits;
    private readonly QueueLimits[] _queues;
    private readonly RunnerDemand[] _memory;
    private TimeSpan _now;
    private long _lastRequest;
    private string? _difference;

    public ReferenceWorld(SchedulerSettings settings, Dice dice)
    {
        (_settings, _dice) = (settings, dice);
        (_scheduler, _reference) = (new Scheduler(settings), new ReferenceScheduler(settings));
        _limits = [.. Enumerable.Range(0, Models).Select(_ => dice.OneIn(3) ? (int?)1 + dice.Below(2) : null)];
        _queues = [.. Enumerable.Range(0, Models).Select(_ => dice.OneIn(3) ? new QueueLimits(1 + dice.Below(5), TimeSpan.FromSeconds(8 + dice.Below(30))) : default)];
        _memory = [.. Enumerable.Range(0, Models).Select(_ => CardCases.Complete(new RunnerDemand(20L + dice.Below(60), null), dice))];
    }

    /// <summary>What happens at this time. Returns the first difference; null: there is none.</summary>
    public string? Step(TimeSpan now)
    {
        _now = now;
        while (_agenda.FindIndex(entry => entry.Time <= now) is >= 0 and var index)
        {
            Action happen = _agenda[index].Happen;
            _agenda.RemoveAt(index);
            happen();
        }

        switch (_dice.Below(16))
        {
            case < 4: Arrive(); break;
            case 4 when _dice.OneIn(3): Leave(); break;
            case 5 when _settings.MemoryBudgetBytes is null && _dice.OneIn(4): Measure(); break;
            case 6 when _dice.OneIn(4): MeasureCards(); break;
        }

        // The scheduler must have asked for every moment at which something has to happen.
        Tell(_scheduler.NextDeadline <= now ? new TimePassed() : null, static () => { });
        return _difference;
    }

    private void Arrive()
    {
        int model = _dice.Below(Models);
        var id = new RequestId(++_lastRequest);
        TimeSpan? keepAlive = _dice.Below(12) switch { 0 => TimeSpan.FromTicks(-1), 1 => TimeSpan.FromSeconds(2), _ => null };
        RunnerDemand demand = _memory[model] with
        {
            KeepAlive = keepAlive,
            Priority = _dice.OneIn(3) ? RequestPriority.Background : RequestPriority.Interactive,
            Concurrency = _limits[model],
            Queue = _queues[model],
        };
        _models[id] = $"m{model}";
        _waiting.Add(id);
        Tell(new RequestArrived(id, SchedulerBed.Key($"m{model}"), demand), () => _reference.Arrive(id.Value, $"m{model}", demand, _now));
    }

    private void Leave()
    {
        if (_waiting.Count == 0)
            return;
        RequestId id = _dice.Pick([.. _waiting]);
        _waiting.Remove(id);
        Tell(new ClientDisconnected(id), () => _reference.Leave(id.Value));
    }

    private void Measure()
    {
        long budget = 40 + _dice.Below(150);
        Tell(new MemoryMeasured(budget), () => _reference.Measure(budget));
    }

    private void MeasureCards()
    {
        Dictionary<string, long>? budgets = CardCases.Budgets(_dice);
        Tell(new CardsMeasured(budgets), () => _reference.Measure(budgets));
    }

    private void Tell(SchedulerEvent? happened, Action tellReference)
    {
        List<SchedulerEffect> effects = happened is null ? [] : [.. _scheduler.Handle(happened, _now)];
        tellReference();
        List<string> expected = _reference.Decide(_now);
        List<string> actual = [.. effects.Select(Describe).OfType<string>().Order(StringComparer.Ordinal)];
        if (!expected.SequenceEqual(actual, StringComparer.Ordinal))
            _difference ??= $"after {happened?.ToString() ?? "nothing"} the rules say [{string.Join(", ", expected)}] and the scheduler [{string.Join(", ", actual)}]";
        foreach (SchedulerEffect effect in effects)
            Plan(effect);
    }

    private string? Describe(SchedulerEffect effect) => effect switch
    {
        StartRunner start => $"start {start.Key.Model}",
        StopRunner stop => $"stop {_scheduler.Snapshot().Single(runner => runner.Id == stop.Runner).Key.Model}",
        Admit admit => $"admit {admit.Request.Value}",
        Refuse refuse => $"refuse {refuse.Request.Value}",
        _ => null,
    };

    private void Plan(SchedulerEffect effect)
    {
        switch (effect)
        {
            case StartRunner start:
                After(1 + _dice.Below(8), () => Tell(new RunnerReady(start.Runner), () => _reference.BecomeReady(start.Key.Model, _now)));
                break;
            case StopRunner stop:
                string model = _scheduler.Snapshot().Single(runner => runner.Id == stop.Runner).Key.Model;
                After(_dice.Below(3), () => Tell(new RunnerExited(stop.Runner, null), () => _reference.End(model)));
                break;
            case Admit admit:
                _waiting.Remove(admit.Request);
                After(_dice.Below(5), () => Tell(new RequestCompleted(admit.Request), () => _reference.Complete(admit.Request.Value, _now)));
                break;
            case Refuse refuse:
                _waiting.Remove(refuse.Request);
                break;
        }
    }

    private void After(int seconds, Action happen) => _agenda.Add((_now + TimeSpan.FromSeconds(seconds), happen));
}
