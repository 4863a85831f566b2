using System.Globalization;

namespace ModelRunner.Scheduling.Tests.Simulation;

/// <summary>One random life of a scheduler, from its first request to its shutdown, decided by a seed alone.</summary>
internal sealed partial class Schedule
{
    private static readonly TimeSpan MaxWait = TimeSpan.FromHours(1);

    /// <summary>The reasons from here on are those of processes that end by themselves.</summary>
    private const int FirstFailure = (int)StopReason.Exited;
    private static readonly int Reasons = Enum.GetValues<StopReason>().Length;

    private readonly Dice _dice;

    // Numbers of its own, so that the seeds that failed once still mean the same.
    private readonly Dice _cardDice;
    private readonly Dice _queueDice;
    private readonly Dice _currentDice;
    private readonly bool _hasTimeouts;
    private readonly List<RunnerKey> _keys;
    private readonly List<SchedulerEvent> _told = [];
    private readonly Scheduler _scheduler;
    private readonly FakeShell _shell;
    private TimeSpan _now;
    private bool _isCalm;
    private long _lastRequest;
    private long _lastUnload;
    private long _lastAttached = -1;

    private Schedule(ulong seed)
    {
        (_dice, _cardDice, _queueDice) = (new Dice(seed), new Dice(seed ^ 0x67726170686963), new Dice(seed ^ 0x7175657565));
        _currentDice = new Dice(seed ^ 0x63757272656e74);
        _hasTimeouts = _dice.OneIn(2);
        _keys = [.. Enumerable.Range(0, 2 + _dice.Below(4)).Select(static i => SchedulerBed.Key($"m{i}"))];
        SchedulerSettings settings = MakeSettings();
        _shell = new FakeShell(settings)
        {
            LoadLimit = TimeSpan.FromSeconds(1 + _dice.Below(120)),
            StopLimit = TimeSpan.FromSeconds(_dice.Below(10)),
            Limits = MakeLimits(),
            Queues = MakeQueues(),
        };
        _scheduler = new Scheduler(settings);
    }

    /// <summary>Runs one random schedule and returns all effects.</summary>
    /// <exception cref="InvalidOperationException">A rule was broken; the message has the last events and effects.</exception>
    public static IReadOnlyList<string> Run(ulong seed)
    {
        var schedule = new Schedule(seed);
        try
        {
            return schedule.Run();
        }
        catch (Exception failure)
        {
            string last = string.Join("\n  ", schedule._shell.Log.TakeLast(16));
            throw new InvalidOperationException($"seed {seed}: {failure.Message}\n  {last}", failure);
        }
    }

    private List<string> Run()
    {
        int steps = 20 + _dice.Below(60);
        for (int i = 0; i < steps; i++)
            Step();

        Calm();
        Require(_shell.Waiting.Count == 0, "when all is calm nobody waits");
        CheckResidents();
        Require(_shell.OpenUnloads == 0, "when all is calm every unload is answered");
        End();
        return _shell.Log;
    }

    private void Step()
    {
        switch (_dice.Below(17))
        {
            case < 6: Arrive(); break;
            case < 8: Complete(); break;
            case < 11: MoveProcess(); break;
            case 11: Leave(); break;
            case 12: Pass(TimeSpan.FromMilliseconds(1 << _dice.Below(18))); break;
            case 13 when _dice.OneIn(2): Repeat(); break;
            case 13: AnswerCheck(); break;
            case 14 when _dice.OneIn(3): Unload(); break;
            case 14 when _dice.OneIn(6): LoseSocket(); break;
            case 15 when _dice.OneIn(6): Reconfigure(); break;
            case 15 when _dice.OneIn(6): ChangeResidents(); break;
            case 16 when _shell.IsMemoryMeasured: Measure(); break;
            case 15 when _dice.OneIn(6): StandStill(); break;
        }

        if (_cardDice.OneIn(10))
            MeasureCards();
    }

    private void Arrive()
    {
        var id = new RequestId(++_lastRequest);
        TimeSpan? keepAlive = _dice.Below(6) switch
        {
            0 => TimeSpan.Zero,
            1 => TimeSpan.FromTicks(-1),
            2 => TimeSpan.FromSeconds(1),
            _ => null,
        };
        RunnerKey key = _dice.Pick(_keys);
        RunnerDemand demand = CardCases.Complete(new RunnerDemand(20 + _dice.Below(60), keepAlive), _cardDice) with
        {
            Priority = _dice.OneIn(3) ? RequestPriority.Background : RequestPriority.Interactive,
            Concurrency = LimitOf(key),
            Queue = _shell.Queues.GetValueOrDefault(key),
        };
        _shell.Now = _now;
        (int waiting, int waitingForModel) = (_shell.Waiting.Count, _shell.WaitingFor(key));
        _shell.Ask(id, key, demand);
        Tell(new RequestArrived(id, key, demand));
        _shell.CheckArrival(id, waiting, waitingForModel);
    }

    // Other programs take and free memory at any time.
    private void Measure()
    {
        long? budget = _dice.OneIn(8) ? null : 30 + _dice.Below(150);
        _shell.Settings = _shell.Settings with { MemoryBudgetBytes = budget };
        Tell(new MemoryMeasured(budget));
    }

    private void MeasureCards()
    {
        _shell.Settings = _shell.Settings with { CardBudgets = CardCases.Budgets(_cardDice) };
        Tell(new CardsMeasured(_shell.Settings.CardBudgets));
    }

    private void ChangeResidents()
    {
        bool keepsUnloaded = _dice.OneIn(2);
        _shell.Dismissed.RemoveWhere(key => !keepsUnloaded || _shell.Residents.All(resident => resident.Key != key));
        _shell.Residents = [.. _keys.Where(_ => _dice.OneIn(3)).Select(key => new Resident(key, CardCases.Complete(new RunnerDemand(20 + _dice.Below(60), null), _cardDice) with
        {
            Priority = _dice.OneIn(2) ? RequestPriority.Background : RequestPriority.Interactive,
            Concurrency = LimitOf(key),
            Queue = _shell.Queues.GetValueOrDefault(key),
        }))];
        Tell(new ResidentsChanged(_shell.Residents) { KeepsUnloaded = keepsUnloaded });
    }

    // When nobody waits, a resident is missing only if there is no room for it.
    private void CheckResidents()
    {
        foreach (Resident resident in _shell.Residents.Where(resident => _shell.IsKept(resident.Key)))
        {
            bool isLoaded = _shell.Processes.Any(process => process.Key == resident.Key);
            Require(isLoaded || !_shell.HasRoomFor(resident.Demand), $"{resident.Key.Model} is back");
        }
    }

    private void Complete()
    {
        if (_shell.Admitted.Count == 0)
            return;
        RequestId request = _dice.Pick([.. _shell.Admitted.Keys]);
        if (_shell.Processes.Any(process => process.IsStuck && process.Requests.Contains(request)))
            return;
        Tell(new RequestCompleted(request, (RequestResult)_dice.Below(4)));
    }

    private void Leave()
    {
        if (_shell.Waiting.Count > 0)
            Tell(new ClientDisconnected(_dice.Pick(_shell.Waiting)));
    }

    private void MoveProcess()
    {
        if (_shell.Processes.Count > 0)
            Move(_dice.Pick([.. _shell.Processes]), canFail: true);
    }

    // What the loads before say may be far from the last one.
    private void TellReady(RunnerId runner) =>
        Tell(new RunnerReady(runner) { ExpectedLoad = _currentDice.OneIn(2) ? null : TimeSpan.FromSeconds(_currentDice.Below(300)) });

    private void Move(FakeProcess process, bool canFail)
    {
        bool fails = canFail && _dice.OneIn(4);
        if (process.IsStopping)
        {
            // A process that became ready while it was told to stop says both, and in any order.
            if (process is { IsReady: false } && _dice.OneIn(4))
                TellReady(process.Id);
            Tell(process.WasReadyTold ? new RunnerExited(process.Id, _dice.OneIn(4) ? AnyFailure() : null) : new RunnerFailed(process.Id, AnyFailure()));
        }
        else if (fails)
        {
            Tell(process.WasReadyTold ? new RunnerExited(process.Id, AnyFailure()) : new RunnerFailed(process.Id, AnyFailure()));
        }
        else if (!process.IsReady)
        {
            process.IsReady = true;
            TellReady(process.Id);
        }
    }

    private RunnerFailure AnyFailure() => new((StopReason)(FirstFailure + _dice.Below(Reasons - FirstFailure)), "it ended");

    private void AnswerCheck()
    {
        List<FakeProcess> asked = [.. _shell.Processes.Where(static process => process.IsBeingChecked)];
        if (asked.Count == 0)
            return;
        FakeProcess process = _dice.Pick(asked);
        process.IsStuck |= _dice.OneIn(4);
        Tell(process.IsStuck ? new RunnerStuck(process.Id, "it did not answer") : new RunnerResponded(process.Id));
    }

    private void LoseSocket()
    {
        if (_shell.Processes.Count > 0)
            Tell(new RunnerUnreachable(_dice.Pick([.. _shell.Processes]).Id, "no connection"));
    }

    private void StandStill()
    {
        if (_shell.Processes.Count > 0)
            Tell(new RunnerStalled(_dice.Pick([.. _shell.Processes]).Id, "nothing moved", Restarts: _dice.OneIn(2)));
    }

    private void Repeat()
    {
        // An event may be repeated at any later time.
        if (_told.Count > 0)
            Tell(_dice.Pick(_told), isRepeated: true);
    }

    private void Unload()
    {
        var id = new UnloadId(++_lastUnload);
        var selection = new UnloadSelection(null, _dice.OneIn(2) ? null : [_dice.Pick(_keys).Model]);
        _shell.Unload(id);
        Tell(new UnloadRequested(id, selection));
        if (!_dice.OneIn(4))
            return;
        _shell.Abandon(id);
        Tell(new UnloadAbandoned(id));
    }

    // The scheduler hears of every time that it asked for, and no process takes longer than its limit.
    private void Pass(TimeSpan time)
    {
        TimeSpan end = _now + time;
        for (int i = 0; NextTime() is { } due && due <= end; i++)
        {
            Require(i < 1000, "time that is told moves the deadline");
            _now = due > _now ? due : _now;
            if (_shell.Processes.FirstOrDefault(process => LimitOf(process) <= _now) is { } late)
                EndLate(late);
            else
                Tell(new TimePassed());
        }

        _now = end;
    }

    private TimeSpan? NextTime()
    {
        TimeSpan? next = _scheduler.NextDeadline;
        foreach (FakeProcess process in _shell.Processes)
        {
            if (LimitOf(process) is { } limit && (next is null || limit < next))
                next = limit;
        }

        return next;
    }

    private TimeSpan? LimitOf(FakeProcess process) =>
        process.IsStopping ? process.StoppedAt + _shell.StopLimit : process.WasReadyTold ? null : process.StartedAt + _shell.LoadLimit;

    private void EndLate(FakeProcess process)
    {
        if (process.WasReadyTold)
            Tell(new RunnerExited(process.Id, null));
        else if (_isCalm && !process.IsStopping)
            Move(process, canFail: false);
        else
            Tell(new RunnerFailed(process.Id, new RunnerFailure(StopReason.LoadTimeout, "it took too long")));
    }

    /// <summary>No new event arrives, every response ends, and every process does what was requested.</summary>
    private void Calm()
    {
        _isCalm = true;

        // Nothing crashes any more, so no request waits for a backoff after this.
        Pass(_shell.Settings.MaxBackoffWait);
        for (int i = 0; _shell.Waiting.Count > 0 || _shell.Admitted.Count > 0 || _shell.OpenUnloads > 0; i++)
        {
            if (i == 200)
                return;
            foreach (RequestId request in _shell.Admitted.Keys.ToList())
                Tell(new RequestCompleted(request));
            foreach (FakeProcess process in _shell.Processes.ToList())
                Move(process, canFail: false);
            Pass(TimeSpan.FromSeconds(1));
        }

        // What failed starts again, and idle runners leave.
        Pass(_shell.Settings.MaxBackoff);
        for (int i = 0; i < 8; i++)
        {
            foreach (FakeProcess process in _shell.Processes.ToList())
                Move(process, canFail: false);
        }
    }

    private void End()
    {
        for (int i = _dice.Below(4); i > 0; i--)
            Arrive();
        Tell(new ShutdownRequested());
        Arrive();
        if (_dice.OneIn(2))
        {
            _shell.IsForced = true;
            Tell(new ShutdownRequested());
        }

        Calm();
        Require(_shell is { Shutdowns: 1, Processes.Count: 0, Waiting.Count: 0 }, "the end is told once, and nothing is left");
    }

    private void Tell(SchedulerEvent happened, bool isRepeated = false)
    {
        if (!isRepeated && IsRepeatable(happened))
            _told.Add(happened);
        _shell.Now = _now;
        _shell.Log.Add(string.Create(CultureInfo.InvariantCulture, $"{_now.TotalSeconds:0.###} s: {happened}"));
        _shell.Told(happened);
        _shell.CarryOut(_scheduler.Handle(happened, _now));
        _scheduler.CheckInvariants();
    }

    private static bool IsRepeatable(SchedulerEvent happened) => happened is not
        (ConfigurationChanged or ShutdownRequested or UnloadRequested or RequestArrived or MemoryMeasured or CardsMeasured or ResidentsChanged);

    private static void Require(bool holds, string rule)
    {
        if (!holds)
            throw new InvalidOperationException($"broken rule: {rule}");
    }
}
