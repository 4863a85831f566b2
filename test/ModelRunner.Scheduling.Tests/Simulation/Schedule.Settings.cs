namespace ModelRunner.Scheduling.Tests.Simulation;

// The settings of a schedule, and their changes.
internal sealed partial class Schedule
{
    private SchedulerSettings MakeSettings() => new()
    {
        MaxRunners = 1 + _dice.Below(3),
        MaxQueuedRequests = 1 + _dice.Below(12),
        MaxQueuedPerModel = 1 + _queueDice.Below(10),
        MemoryBudgetBytes = _dice.OneIn(2) ? null : 60 + _dice.Below(60),
        QueueTimeout = _hasTimeouts ? TimeSpan.FromSeconds(1 + _dice.Below(60)) : MaxWait,
        SwapDelay = TimeSpan.FromSeconds(_dice.Below(10)),
        SwapRequests = _dice.Below(6),
        MinStay = TimeSpan.FromSeconds(_dice.Below(20)),
        BackgroundDelay = TimeSpan.FromSeconds(_dice.Below(30)),
        YieldLimit = TimeSpan.FromSeconds(1 + _dice.Below(40)),
        UnloadDrain = TimeSpan.FromSeconds(_dice.Below(60)),
        Attached = _dice.OneIn(4) ? [new AttachedRunner(new RunnerId(-1), _keys[0])] : [],
    };

    private int? LimitOf(RunnerKey key) => _shell.Limits.TryGetValue(key, out int limit) ? limit : null;

    private Dictionary<RunnerKey, int> MakeLimits() =>
        _keys.Where(_ => _dice.OneIn(3)).ToDictionary(static key => key, _ => 1 + _dice.Below(3));

    private Dictionary<RunnerKey, QueueLimits> MakeQueues() => _keys.Where(_ => _queueDice.OneIn(3)).ToDictionary(static key => key, _ => new QueueLimits(
        _queueDice.OneIn(2) ? 1 + _queueDice.Below(8) : null,
        _queueDice.OneIn(2) && _hasTimeouts ? TimeSpan.FromSeconds(1 + _queueDice.Below(90)) : null));

    private void Reconfigure()
    {
        // What runs may be over the new limits for a while; only starts are held against them.
        bool wasMeasured = _shell.IsMemoryMeasured;
        SchedulerSettings next = MakeSettings() with { Attached = ChangeAttached() };
        _shell.IsMemoryMeasured = next.MemoryBudgetBytes is null;
        long? known = wasMeasured && _shell.IsMemoryMeasured ? _shell.Settings.MemoryBudgetBytes : next.MemoryBudgetBytes;
        _shell.Settings = next with { MemoryBudgetBytes = known, CardBudgets = _shell.Settings.CardBudgets };
        _shell.Queues = MakeQueues();
        _shell.NoteTimeouts();
        Dictionary<RunnerKey, int> previous = _shell.Limits;
        _shell.Limits = MakeLimits();
        foreach (RunnerKey key in previous.Keys.Except(_shell.Limits.Keys))
            _shell.WereLimited.Add(key);
        HashSet<string> outdated = _dice.OneIn(2) ? [] : [_dice.Pick(_keys).Model];
        _shell.Residents = [.. _shell.Residents.Where(resident => !outdated.Contains(resident.Key.Model))];
        RunnerId[] current = [.. _shell.Processes.Where(_ => _currentDice.OneIn(2)).Select(static process => process.Id)];
        _shell.Outdate(outdated, current);
        Tell(new ConfigurationChanged(next)
        {
            Concurrency = _shell.Limits.ToDictionary(static limit => limit.Key.Model, static limit => limit.Value),
            Queues = _shell.Queues.ToDictionary(static queue => queue.Key.Model, static queue => queue.Value),
            OutdatedModels = outdated, CurrentRunners = current.ToHashSet(),
            KeepAlive = _dice.OneIn(2) ? null : new Dictionary<string, TimeSpan> { [_dice.Pick(_keys).Model] = TimeSpan.FromSeconds(_dice.Below(5) - 1) },
        });
    }

    // A server is added, or one is removed; an identity is never used again.
    private List<AttachedRunner> ChangeAttached()
    {
        List<AttachedRunner> attached = [.. _shell.Settings.Attached];
        if (attached.Count > 0 && _dice.OneIn(2))
            attached.RemoveAt(_dice.Below(attached.Count));
        else if (_dice.OneIn(2))
            attached.Add(new AttachedRunner(new RunnerId(--_lastAttached), _dice.Pick(_keys)));
        return attached;
    }
}
