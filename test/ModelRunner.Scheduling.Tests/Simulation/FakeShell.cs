using System.Globalization;

namespace ModelRunner.Scheduling.Tests.Simulation;

/// <summary>Carries out effects in a made-up world and holds every one of them against the rules.</summary>
internal sealed class FakeShell(SchedulerSettings settings)
{
    private readonly Dictionary<RunnerId, FakeProcess> _processes = [];
    private readonly Dictionary<RequestId, FakeRequest> _requests = [];
    private readonly Dictionary<RunnerKey, RunnerDemand> _demands = [];

    /// <summary>The keys whose last process crashed after it was ready, and whether it had served anybody.</summary>
    private readonly Dictionary<RunnerKey, bool> _crashes = [];

    /// <summary>The longest queue timeout of each key so far, because a reload may shorten it.</summary>
    private readonly Dictionary<RunnerKey, TimeSpan> _timeouts = [];
    private readonly HashSet<UnloadId> _unloads = [];

    /// <summary>The keys whose next process may have old settings.</summary>
    private readonly HashSet<RunnerKey> _outdatedKeys = [];

    /// <summary>The ends that the scheduler must report now.</summary>
    private readonly HashSet<RunnerEnded> _ends = [];

    public SchedulerSettings Settings { get; set; } = settings;

    /// <summary>Every effect in order, for comparing two runs.</summary>
    public List<string> Log { get; } = [];

    public List<RequestId> Waiting { get; } = [];

    public Dictionary<RequestId, RunnerId> Admitted { get; } = [];

    /// <summary>Processes whose end the scheduler does not know of.</summary>
    public IReadOnlyCollection<FakeProcess> Processes => _processes.Values;

    public int OpenUnloads => _unloads.Count;

    public int Shutdowns { get; private set; }

    public bool IsForced { get; set; }

    /// <summary>The time of the next event.</summary>
    public TimeSpan Now { get; set; }

    /// <summary>The most requests of a model at the same time.</summary>
    public Dictionary<RunnerKey, int> Limits { get; set; } = [];

    /// <summary>What models say about the requests that wait for them.</summary>
    public Dictionary<RunnerKey, QueueLimits> Queues { get; set; } = [];

    /// <summary>The keys that had a limit before a reload.</summary>
    public HashSet<RunnerKey> WereLimited { get; } = [];

    /// <summary>Whether no setting limits the memory, so that it is measured.</summary>
    public bool IsMemoryMeasured { get; set; } = settings.MemoryBudgetBytes is null;

    /// <summary>The longest that a process takes from its start to its readiness or its failure.</summary>
    public TimeSpan LoadLimit { get; init; }

    /// <summary>The longest that a process takes to end after it was told to.</summary>
    public TimeSpan StopLimit { get; init; }

    /// <summary>The longest wait of all requests so far, in relation to its bound.</summary>
    public double LongestWait { get; private set; }

    public void Ask(RequestId request, RunnerKey key, RunnerDemand demand)
    {
        Waiting.Add(request);
        Dismissed.Remove(key);
        TimeSpan delay = demand.Priority == RequestPriority.Background ? Settings.BackgroundDelay : TimeSpan.Zero;
        _requests.Add(request, new FakeRequest(key, demand, Now, Now + delay));
        _demands[key] = demand;
        NoteTimeouts();
    }

    /// <summary>The settings changed.</summary>
    public void NoteTimeouts()
    {
        foreach (RunnerKey key in _demands.Keys)
            _timeouts[key] = TimeSpan.FromTicks(Math.Max(QueueOf(key).Timeout!.Value.Ticks, _timeouts.GetValueOrDefault(key).Ticks));
    }

    public void Unload(UnloadId unload) => _unloads.Add(unload);

    public void Abandon(UnloadId unload) => _unloads.Remove(unload);

    public void Told(SchedulerEvent happened)
    {
        switch (happened)
        {
            case RunnerReady ready when _processes.TryGetValue(ready.Runner, out FakeProcess? process):
                process.WasReadyTold = true;
                break;
            case RunnerExited or RunnerFailed:
                RunnerId id = happened is RunnerExited exited ? exited.Runner : ((RunnerFailed)happened).Runner;
                RunnerFailure? failure = happened is RunnerExited exit ? exit.Failure : ((RunnerFailed)happened).Failure;
                if (_processes.Remove(id, out FakeProcess? ended))
                    NoteEnd(ended, failure);
                break;
            case RunnerResponded or RunnerStuck:
                RunnerId checkedId = happened is RunnerResponded answered ? answered.Runner : ((RunnerStuck)happened).Runner;
                if (_processes.TryGetValue(checkedId, out FakeProcess? checkedOne))
                    checkedOne.IsBeingChecked = false;
                break;
            case RequestCompleted completed when Admitted.Remove(completed.Request, out RunnerId runner):
                if (_processes.TryGetValue(runner, out FakeProcess? server))
                {
                    server.Requests.Remove(completed.Request);
                    server.HasServed |= completed.Result == RequestResult.Served;
                }

                break;
            case UnloadRequested asked:
                Dismissed.UnionWith(Residents.Select(static resident => resident.Key).Where(asked.Selection.Matches));
                foreach (FakeProcess unloaded in _processes.Values.Where(process => asked.Selection.Matches(process.Key)))
                    unloaded.MayBeCutAt ??= Now + Settings.UnloadDrain;
                break;
            case RunnerUnreachable unreachable:
                if (_processes.TryGetValue(unreachable.Runner, out FakeProcess? lost) && lost.WasReadyTold)
                    lost.MayBeCutAt ??= Now + Settings.UnloadDrain;
                break;
            case ClientDisconnected left:
                Waiting.Remove(left.Request);
                break;
        }
    }

    public void CarryOut(IReadOnlyList<SchedulerEffect> effects)
    {
        foreach (SchedulerEffect effect in effects)
        {
            Log.Add(string.Create(CultureInfo.InvariantCulture, $"{effect}"));
            CarryOut(effect);
        }

        Require(_ends.Count == 0, "every end is reported at once");
        foreach (RequestId request in Waiting)
            CheckWait(request);
    }

    private void CarryOut(SchedulerEffect effect)
    {
        switch (effect)
        {
            case StartRunner start:
                Start(start);
                break;
            case StopRunner stop:
                Stop(stop);
                break;
            case Admit admit:
                Admit(admit);
                break;
            case Refuse refuse:
                Refuse(refuse);
                break;
            case CheckRunner check:
                FakeProcess asked = _processes[check.Runner];
                Require(!asked.IsBeingChecked, $"{check} comes once at a time");
                asked.IsBeingChecked = true;
                break;
            case RunnerEnded ended:
                Require(_ends.Remove(ended), $"{ended} reports an end once, with its reason");
                break;
            case UnloadCompleted completed:
                Require(_unloads.Remove(completed.Unload), $"{completed} answers one call once");
                break;
            case ShutdownCompleted:
                Shutdowns++;
                Require(_processes.Count == 0, "no process is left at the end");
                break;
        }
    }

    private void Admit(Admit admit)
    {
        FakeRequest request = _requests[admit.Request];
        CheckWait(admit.Request);
        Require(Waiting.Remove(admit.Request), $"{admit} answers a waiting request once");
        Admitted.Add(admit.Request, admit.Runner);
        if (admit.Runner.Value < 0)
        {
            Require(Settings.Attached.Contains(new AttachedRunner(admit.Runner, request.Key)), $"{admit} goes to a server of its key");
            return;
        }

        FakeProcess server = _processes[admit.Runner];
        Require(server is { WasReadyTold: true, IsStopping: false }, $"{admit} goes to a ready runner");
        Require(!Waiting.Exists(other => _requests[other].Key == request.Key && _requests[other].Rank < request.Rank), $"{admit} overtakes nobody");
        server.Requests.Add(admit.Request);
        Require(server.Requests.Count <= Limits.GetValueOrDefault(server.Key, int.MaxValue), $"{admit} keeps the limit of its model");
    }

    private void Refuse(Refuse refuse)
    {
        FakeRequest request = _requests[refuse.Request];
        CheckWait(refuse.Request);
        Require(Waiting.Remove(refuse.Request), $"{refuse} answers a waiting request once");
        bool isLimited = IsOrWasLimited(request);
        Require(refuse.Reason != RefusalReason.QueueTimeout || isLimited || !IsServed(request.Key), $"{refuse} is not for a loaded model");
        CheckPlace(refuse, request);
        bool isDisplacing = refuse.Reason == RefusalReason.QueueFull && request.Demand.Priority == RequestPriority.Interactive;
        Require(!isDisplacing || !Waiting.Exists(other => _requests[other].Demand.Priority == RequestPriority.Background), $"{refuse} displaces a lesser one");
        Require(refuse.Message.Length > 0 && !refuse.Message.Contains('\n', StringComparison.Ordinal), "a refusal is one line");
        Require(refuse.RetryAfter is not { } wait || wait > TimeSpan.Zero, "the wait lies ahead");
        if (refuse.Reason == RefusalReason.Backoff && _crashes.TryGetValue(request.Key, out bool hasServed))
        {
            Require(!hasServed, $"{refuse} is not for a model that was served until it crashed");
            Require(refuse.RetryAfter > Settings.MaxBackoffWait || refuse.RetryAfter >= QueueOf(request.Key).Timeout, $"{refuse} is for a long wait");
        }
    }

    // A refusal for a full queue is true, also for the model alone: no place is free that the request might have.
    private void CheckPlace(Refuse refuse, FakeRequest request)
    {
        if (refuse.Reason == RefusalReason.ModelQueueFull)
            Require(WaitingFor(request.Key) >= QueueOf(request.Key).MaxRequests, $"{refuse} is for a model with a full queue");
        if (refuse.Reason == RefusalReason.QueueFull)
            Require(Waiting.Count >= Settings.MaxQueuedRequests, $"{refuse} is for a full queue");
    }

    /// <summary>A request that arrived and waits has a place that was free, in all and for its model, or it took one.</summary>
    public void CheckArrival(RequestId request, int waitingBefore, int waitingForModelBefore)
    {
        if (!Waiting.Contains(request))
            return;
        RunnerKey key = _requests[request].Key;
        Require(Waiting.Count <= Math.Max(waitingBefore, Settings.MaxQueuedRequests), $"{request} keeps the limit of waiting requests");
        Require(WaitingFor(key) <= Math.Max(waitingForModelBefore, QueueOf(key).MaxRequests!.Value), $"{request} keeps the limit of its model");
    }

    /// <summary>The number of requests that wait for a model.</summary>
    public int WaitingFor(RunnerKey key) => Waiting.Count(waiting => _requests[waiting].Key == key);

    private QueueLimits QueueOf(RunnerKey key)
    {
        QueueLimits own = Queues.GetValueOrDefault(key);
        return new QueueLimits(own.MaxRequests ?? Settings.MaxQueuedPerModel, own.Timeout ?? Settings.QueueTimeout);
    }

    private bool IsOrWasLimited(FakeRequest request) =>
        request.Demand.Concurrency is not null || Limits.ContainsKey(request.Key) || WereLimited.Contains(request.Key);

    // docs/configuration.md, "How long a request waits": the time in the queue, one load, and once more the time in the queue behind a limit.
    private void CheckWait(RequestId id)
    {
        FakeRequest request = _requests[id];
        TimeSpan bound = _timeouts[request.Key] + LoadLimit + StopLimit;
        if (IsOrWasLimited(request))
            bound += _timeouts[request.Key];
        TimeSpan wait = Now - request.Arrived;
        LongestWait = Math.Max(LongestWait, wait / bound);
        Require(wait <= bound, $"{id} waits {wait} and no longer than {bound}");
    }

    private void NoteEnd(FakeProcess ended, RunnerFailure? failure)
    {
        int failures = Failures.GetValueOrDefault(ended.Key);
        Failures[ended.Key] = ended.Stop is StopReason.Stuck or StopReason.Unreachable or StopReason.Stalled ? failures : ended.IsStopping ? 0 : ended.HasServed ? 1 : failures + 1;
        _ends.Add(new RunnerEnded(ended.Id, ended.Key, ended.Stop ?? failure!.Reason));
        if (ended is { WasReadyTold: true, IsStopping: false })
            _crashes[ended.Key] = ended.HasServed;
        else
            _crashes.Remove(ended.Key);
    }

    private void Start(StartRunner start)
    {
        Require(!_processes.Values.Any(process => process.Key == start.Key), $"{start} is the only one of its key");
        if (start.IsResident)
            _demands[start.Key] = Residents.Single(resident => resident.Key == start.Key).Demand;
        Require(!start.IsResident || !Dismissed.Contains(start.Key), $"{start} is not for a model that was unloaded on request");
        Require(start.IsResident || Waiting.Exists(request => _requests[request].Key == start.Key), $"{start} is for a request");
        RunnerDemand demand = _demands[start.Key];
        CapacityReading reading = start.Capacity!;
        _processes.Add(start.Runner, new FakeProcess(start.Runner, start.Key, MemoryOf(demand) + reading.SpilledBytes, Now)
        {
            Cards = reading.Cards, MayBeOutdated = _outdatedKeys.Remove(start.Key),
        });
        Require(_processes.Count <= Settings.MaxRunners, $"{start} keeps the limit of runners");
        long memory = _processes.Values.Sum(static process => process.Memory);
        Require(memory <= (Settings.MemoryBudgetBytes ?? long.MaxValue), $"{start} keeps the limit of memory: {memory}");
        CheckCards(start, demand, reading);
    }

    // Everything that it needs is somewhere, and no card gets more than its limit.
    private void CheckCards(StartRunner start, RunnerDemand demand, CapacityReading reading)
    {
        CardDemand cards = demand.Cards ?? new CardDemand { Cards = [] };
        Require(reading.SpilledBytes == 0 || cards.Margin is not null, $"{start} has on cards what must be there");
        foreach ((string card, long needed, _, long? limit) in reading.Cards)
        {
            Require(limit == Settings.CardBudgets?[card], $"{start} knows the limit of {card}");
            Require(needed == 0 || UsedOn(card) + (cards.Margin ?? 0) <= (limit ?? long.MaxValue), $"{start} keeps the limit of {card}: {UsedOn(card)}");
        }

        long placed = reading.Cards.Sum(static card => card.NeededBytes) + reading.SpilledBytes;
        long certain = cards.Fixed.Sum(static share => share.Bytes) + (cards.LeastBytes ?? cards.SharedBytes);
        Require(placed >= certain && placed <= cards.TotalBytes + cards.EachBytes, $"{start} places all that it needs: {placed}");
        Require(cards.LeastBytes is not null || placed >= cards.TotalBytes - cards.EachBytes, $"{start} leaves nothing out: {placed}");
    }

    /// <summary>What the processes have on a card.</summary>
    public long UsedOn(string card) => _processes.Values.SelectMany(static process => process.Cards).Where(share => share.Card == card)
        .Sum(static share => share.NeededBytes);

    /// <summary>Whether a runner could start now, beside all processes, with all that it needs on cards.</summary>
    public bool HasRoomFor(RunnerDemand demand) =>
        _processes.Count < Settings.MaxRunners && ObviousCards.Place(demand.Cards, Settings.CardBudgets, UsedOn, isPartial: false) is not null
        && _processes.Values.Sum(static process => process.Memory) + MemoryOf(demand) <= (Settings.MemoryBudgetBytes ?? long.MaxValue);

    private long MemoryOf(RunnerDemand demand) => demand.LeastBytes is { } least && demand.MemoryBytes > Settings.MemoryBudgetBytes
        ? Math.Max(least, Settings.MemoryBudgetBytes.Value)
        : demand.MemoryBytes;

    private void Stop(StopRunner stop)
    {
        Require(_processes.TryGetValue(stop.Runner, out FakeProcess? process), $"{stop} names a living process");
        Require(!process!.IsStopping, $"{stop} comes once");
        bool isOverdue = stop.Reason is StopReason.Unloaded or StopReason.Unreachable && Now >= process.MayBeCutAt;
        Require(IsForced || isOverdue || process.Requests.Count == 0 || stop.Reason is StopReason.Stuck or StopReason.Stalled, $"{stop} cuts nobody");
        Require(stop.Reason != StopReason.Idle || !IsKept(process.Key), $"{stop} is not for a resident");
        Require(stop.Reason != StopReason.Outdated || process.MayBeOutdated, $"{stop} is for a process with other settings");
        process.Stop = stop.Reason;
        process.StoppedAt = Now;
    }

    /// <summary>Models have other settings, but these processes were started with them. <see cref="Settings"/> are the new ones.</summary>
    public void Outdate(IReadOnlySet<string> models, IReadOnlyCollection<RunnerId> current)
    {
        foreach (RunnerKey key in _demands.Keys)
        {
            FakeProcess? process = _processes.Values.SingleOrDefault(process => process.Key == key);
            bool isAttached = Settings.Attached.Any(attached => attached.Key == key);
            if (!isAttached && (!models.Contains(key.Model) || (process is not null && current.Contains(process.Id))))
                continue;

            // Requests that wait already start a process with the old settings.
            _outdatedKeys.Add(key);
            process?.MayBeOutdated = true;
        }
    }

    /// <summary>The models that are loaded without a request.</summary>
    public IReadOnlyList<Resident> Residents { get; set; } = [];

    /// <summary>The keys that were unloaded on request since their last request.</summary>
    public HashSet<RunnerKey> Dismissed { get; } = [];

    /// <summary>The number of ends without readiness or by a crash in a row, by key.</summary>
    public Dictionary<RunnerKey, int> Failures { get; } = [];

    public bool IsKept(RunnerKey key) => Residents.Any(resident => resident.Key == key) && !Dismissed.Contains(key)
        && Failures.GetValueOrDefault(key) < 12 && !Settings.Attached.Any(attached => attached.Key == key);

    private bool IsServed(RunnerKey key) =>
        _processes.Values.Any(process => process.Key == key && process is { WasReadyTold: true, IsStopping: false, MayBeCutAt: null });

    private static void Require(bool holds, string rule)
    {
        if (!holds)
            throw new InvalidOperationException($"broken rule: {rule}");
    }
}
