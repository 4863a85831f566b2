namespace ModelRunner.Scheduling.Tests.Simulation;

/// <summary>
/// The rules of docs/configuration.md, "Order of requests", in the most obvious form: plain lists, everything looked up anew, no deadlines. It is asked at
/// every moment. Slow; for a world without failures, reloads, unloads and responses that outlast a yield.
/// </summary>
internal sealed class ReferenceScheduler(SchedulerSettings settings)
{
    private readonly List<ReferenceRequest> _requests = [];
    private readonly List<ReferenceProcess> _processes = [];
    private readonly List<string> _actions = [];
    private readonly Dictionary<string, RunnerDemand> _latest = [];
    private readonly UsePattern _pattern = new();
    private long? _budget = settings.MemoryBudgetBytes;
    private IReadOnlyDictionary<string, long>? _cards;
    private bool _modelIsWaiting;

    public void Measure(long? budget) => _budget = budget;

    public void Measure(IReadOnlyDictionary<string, long>? cards) => _cards = cards;

    public void Arrive(long id, string model, RunnerDemand demand, TimeSpan now)
    {
        _pattern.Arrive(SchedulerBed.Key(model), now);
        TimeSpan rank = demand.Priority == RequestPriority.Background ? now + settings.BackgroundDelay : now;
        var request = new ReferenceRequest(id, model, demand, now, rank);
        ReferenceProcess? process = ProcessOf(model);
        process?.Demand = demand;
        _latest[model] = demand;
        if (process is null && !Fits(demand, [], demand.Cards?.Margin is not null))
        {
            _actions.Add($"refuse {id}");
            return;
        }

        _requests.Add(request);
        if (process is { State: "ready", IsClosing: false } && RunningOn(model) < Limit(process))
            Admit(request, process, now);
        else if (Waiting().Count(other => other.Model == model) > (demand.Queue.MaxRequests ?? settings.MaxQueuedPerModel))
            Refuse(Lesser(request, Waiting().Where(other => other.Model == model)) ?? request);
        else if (Waiting().Count() > settings.MaxQueuedRequests)
            Refuse(Lesser(request, Waiting()) ?? request);
    }

    public void Leave(long id) => _requests.RemoveAll(request => request.Id == id && !request.IsRunning);

    public void Complete(long id, TimeSpan now)
    {
        ReferenceRequest request = _requests.Single(request => request.Id == id);
        _pattern.End(SchedulerBed.Key(request.Model), now);
        _requests.Remove(request);
        ReferenceProcess process = ProcessOf(request.Model)!;
        process.LastUsed = now;
        if (request.Demand.Priority == RequestPriority.Interactive)
            process.LastInteractive = now;
        AdmitWaiting(process, now);
    }

    public void BecomeReady(string model, TimeSpan now)
    {
        ReferenceProcess process = ProcessOf(model)!;
        (process.State, process.ReadyAt, process.LastUsed) = ("ready", now, now);
        AdmitWaiting(process, now);
        process.Collated = 0;
    }

    public void End(string model) => _processes.RemoveAll(process => process.Model == model);

    /// <summary>Applies the rules and returns what happened since the last call, in order of the words.</summary>
    public List<string> Decide(TimeSpan now)
    {
        foreach (ReferenceRequest request in Waiting().ToList())
        {
            ReferenceProcess? process = ProcessOf(request.Model);
            TimeSpan from = process is { State: "ready" } && process.ReadyAt > request.Arrived ? process.ReadyAt : request.Arrived;
            if (process is not { State: "loading" } && now - from >= (_latest[request.Model].Queue.Timeout ?? settings.QueueTimeout))
                Refuse(request);
        }

        foreach (ReferenceProcess process in _processes.Where(process => process.State == "ready" && RunningOn(process.Model) == 0).ToList())
        {
            bool isUnused = !Waiting().Any(request => request.Model == process.Model)
                && KeepAlive(process) >= TimeSpan.Zero && now - process.LastUsed >= KeepAlive(process);
            if (process.IsClosing || isUnused)
                Stop(process);
        }

        Start(now);
        List<string> actions = [.. _actions.Order(StringComparer.Ordinal)];
        _actions.Clear();
        return actions;
    }

    private void Start(TimeSpan now)
    {
        _modelIsWaiting = false;
        foreach (string model in Waiting().Where(request => ProcessOf(request.Model) is null).OrderBy(static request => (request.Rank, request.Id))
            .Select(static request => request.Model).Distinct().ToList())
        {
            if (_modelIsWaiting)
                continue;
            RunnerDemand demand = _latest[model];
            bool isPartial = IsPartial(demand);
            if (!Fits(demand, Pinned(), demand.Cards?.Margin is not null))
            {
                foreach (ReferenceRequest request in Waiting().Where(request => request.Model == model).ToList())
                    Refuse(request);
            }
            else if (Fits(demand, _processes, isPartial))
            {
                (Dictionary<string, long> cards, long spilled) = Place(demand, _processes, isPartial)!.Value;
                _processes.Add(new ReferenceProcess(model, demand, now) { Memory = MemoryOf(demand) + spilled, Cards = cards });
                _actions.Add($"start {model}");
            }
            else
            {
                _modelIsWaiting = true;
                MakeRoom(model, demand, now);
            }
        }

        if (_modelIsWaiting)
            return;
        foreach (ReferenceProcess process in _processes.ToList())
        {
            (process.Collated, process.IsClosing) = (0, false);
            AdmitWaiting(process, now);
        }
    }

    // Idle ones that may leave, in their order, if that is enough; else one busy model closes, if none closes or stops already.
    private void MakeRoom(string wanted, RunnerDemand demand, TimeSpan now)
    {
        List<ReferenceProcess> staying = [.. _processes.Where(static process => process.State != "stopping")];
        List<ReferenceProcess> leaving = [];
        IEnumerable<ReferenceProcess> idle = staying.Where(process => IsIdle(process) && !IsPinned(process) && MayLeave(process, wanted, now))
            .OrderBy(process => (IsBackground(process, now) ? 0 : 1, Need(process, now), process.LastUsed + process.LoadTime, process.StartedAt));
        bool isPartial = IsPartial(demand);
        foreach (ReferenceProcess process in idle)
        {
            if (!Fits(demand, staying.Except(leaving), isPartial))
                leaving.Add(process);
        }

        if (Fits(demand, staying.Except(leaving), isPartial))
        {
            foreach (ReferenceProcess spared in leaving.AsEnumerable().Reverse().ToList())
            {
                if (Fits(demand, staying.Except(leaving.Where(process => process != spared)), isPartial))
                    leaving.Remove(spared);
            }

            leaving.ForEach(Stop);
        }
        else if (!_processes.Any(static process => process.State == "stopping" || process.IsClosing))
        {
            ReferenceProcess? closing = _processes.Where(process => process.State == "ready" && RunningOn(process.Model) > 0 && !IsPinned(process)
                    && MustClose(process, wanted, now) && !HasOlder(process, wanted) && Helps(process, demand, isPartial))
                .OrderBy(process => (IsBackground(process, now) ? 0 : 1, RunningOn(process.Model), process.LastUsed + process.LoadTime, process.StartedAt))
                .FirstOrDefault();
            closing?.IsClosing = true;
        }
    }

    private bool MustClose(ReferenceProcess process, string wanted, TimeSpan now)
    {
        IEnumerable<ReferenceRequest> waiting = Waiting().Where(request => request.Model == wanted);
        if (process.Collated >= settings.SwapRequests)
            return true;
        if (IsBackground(process, now) && waiting.Any(static request => request.Demand.Priority == RequestPriority.Interactive))
            return true;
        TimeSpan waited = now - waiting.Min(static request => request.Arrived);
        return waited >= settings.SwapDelay && (waited >= 2 * process.LoadTime || waited >= 2 * settings.MinStay) && HasStayed(process, now);
    }

    private bool MayLeave(ReferenceProcess process, string wanted, TimeSpan now)
    {
        List<ReferenceProcess> staying = [.. _processes.Where(static other => other.State != "stopping")];
        bool isQuiet = staying.All(IsIdle) && (_pattern.AwaitedUntil(staying.Max(static other => other.LoadTime)) is { } until
            ? now >= until
            : staying.All(other => now - other.LastUsed >= other.LoadTime / 4));
        bool isUnused = _processes.All(other => (other != process && other.State != "ready") || now - (other == process ? other.LastUsed : other.ReadyAt) >= settings.SwapDelay);
        return MustClose(process, wanted, now) || (isUnused && HasStayed(process, now)) || isQuiet;
    }

    private double Need(ReferenceProcess process, TimeSpan now)
    {
        double need = _pattern.NeedOf(SchedulerBed.Key(process.Model), _requests.Select(static request => (SchedulerBed.Key(request.Model), 1)), now);
        return need * process.LoadTime.TotalSeconds > 0 ? Math.Round(2 * Math.Log2(need * process.LoadTime.TotalSeconds)) : double.MinValue;
    }

    private bool HasStayed(ReferenceProcess process, TimeSpan now) =>
        now - process.ReadyAt >= process.LoadTime || now - process.ReadyAt >= settings.MinStay;

    private bool HasOlder(ReferenceProcess process, string wanted)
    {
        (TimeSpan, long) first = Waiting().Where(request => request.Model == wanted).Min(static request => (request.Rank, request.Id));
        return Waiting().Any(request => request.Model == process.Model && (request.Rank, request.Id).CompareTo(first) < 0);
    }

    private static ReferenceRequest? Lesser(ReferenceRequest arriving, IEnumerable<ReferenceRequest> waiting) => arriving.Demand.Priority == RequestPriority.Background
        ? null
        : waiting.Where(static request => request.Demand.Priority == RequestPriority.Background).MaxBy(static request => (request.Rank, request.Id));

    private void AdmitWaiting(ReferenceProcess process, TimeSpan now)
    {
        foreach (ReferenceRequest request in Waiting().Where(request => request.Model == process.Model).OrderBy(static request => (request.Rank, request.Id)).ToList())
        {
            if (process is { State: "ready", IsClosing: false } && RunningOn(process.Model) < Limit(process))
                Admit(request, process, now);
        }
    }

    private void Admit(ReferenceRequest request, ReferenceProcess process, TimeSpan now)
    {
        request.IsRunning = true;
        if (_modelIsWaiting)
            process.Collated++;
        if (request.Demand.Priority == RequestPriority.Interactive)
            process.LastInteractive = now;
        _actions.Add($"admit {request.Id}");
    }

    private void Refuse(ReferenceRequest request)
    {
        _requests.Remove(request);
        _actions.Add($"refuse {request.Id}");
    }

    private void Stop(ReferenceProcess process)
    {
        (process.State, process.IsClosing) = ("stopping", false);
        _actions.Add($"stop {process.Model}");
    }

    private bool Fits(RunnerDemand demand, IEnumerable<ReferenceProcess> beside, bool isPartial) =>
        Place(demand, beside, isPartial) is { } place && FitsMain(demand, beside, place.Spilled);

    private bool FitsMain(RunnerDemand demand, IEnumerable<ReferenceProcess> beside, long spilled) => beside.Count() < settings.MaxRunners
        && (_budget is not { } budget || beside.Sum(static process => process.Memory) + MemoryOf(demand) + spilled <= budget);

    private (Dictionary<string, long> Cards, long Spilled)? Place(RunnerDemand demand, IEnumerable<ReferenceProcess> beside, bool isPartial) =>
        ObviousCards.Place(demand.Cards, _cards, card => beside.Sum(process => process.Cards.GetValueOrDefault(card)), isPartial);

    private bool IsPartial(RunnerDemand demand) => demand.Cards?.Margin is not null && Place(demand, Pinned(), isPartial: false) is null;

    // If only cards are too full, it must use one that is wanted. What they spill needs main memory.
    private bool Helps(ReferenceProcess process, RunnerDemand demand, bool isPartial)
    {
        List<ReferenceProcess> busy = [.. _processes.Where(process => !IsIdle(process) || IsPinned(process))];
        bool isMainFree = FitsMain(demand, busy, Place(demand, busy, isPartial)?.Spilled ?? 0);
        return !isMainFree || demand.Cards is null || demand.Cards.CardNames.Any(card => process.Cards.GetValueOrDefault(card) > 0);
    }

    private IEnumerable<ReferenceProcess> Pinned() =>
        _processes.Where(process => IsPinned(process) && process is { State: not "stopping", IsClosing: false });

    private long MemoryOf(RunnerDemand demand) =>
        demand.LeastBytes is { } least && demand.MemoryBytes > _budget ? Math.Max(least, _budget.Value) : demand.MemoryBytes;

    private bool IsBackground(ReferenceProcess process, TimeSpan now) =>
        !_requests.Any(request => request.IsRunning && request.Model == process.Model && request.Demand.Priority == RequestPriority.Interactive)
        && (process.LastInteractive is not { } last || now - last >= settings.BackgroundDelay);

    private bool IsIdle(ReferenceProcess process) => process.State == "ready" && !_requests.Any(request => request.Model == process.Model);

    private TimeSpan KeepAlive(ReferenceProcess process) => process.Demand.KeepAlive ?? settings.DefaultKeepAlive;

    private bool IsPinned(ReferenceProcess process) => KeepAlive(process) < TimeSpan.Zero;

    private static int Limit(ReferenceProcess process) => process.Demand.Concurrency ?? int.MaxValue;

    private IEnumerable<ReferenceRequest> Waiting() => _requests.Where(static request => !request.IsRunning);

    private int RunningOn(string model) => _requests.Count(request => request.IsRunning && request.Model == model);

    private ReferenceProcess? ProcessOf(string model) => _processes.Find(process => process.Model == model);
}
