namespace ModelRunner.Scheduling;

/// <summary>The state of one managed key: its current process if there is one, its waiting requests, and the results of its starts.</summary>
internal sealed class ManagedRunnerState(RunnerKey key)
{
    public RunnerKey Key { get; } = key;

    /// <summary>The current start, or the last one.</summary>
    public RunnerId Id { get; set; }

    /// <summary>Null before the first start, and after an end without failure.</summary>
    public RunnerState? State { get; set; }

    /// <summary>The number of requests that are running on it.</summary>
    public int InFlight { get; set; }

    /// <summary>Requests that wait for it, in the order of <see cref="RequestState.Precedes"/>.</summary>
    public LinkedList<RequestState> Waiting { get; } = [];

    public TimeSpan? LastUsed { get; set; }

    public TimeSpan StartedAt { get; set; }

    public TimeSpan ReadySince { get; set; }

    /// <summary>How long its last load took; zero before the first one.</summary>
    public TimeSpan LoadTime { get; set; }

    /// <summary>How long its next load would take: what it costs to stop it. Zero before the first load.</summary>
    public TimeSpan ReloadTime { get; set; }

    /// <summary>The most requests that run on it at the same time.</summary>
    public int Concurrency { get; set; } = int.MaxValue;

    /// <summary>What its model says about the requests that wait for it.</summary>
    public QueueLimits Queue { get; set; }

    /// <summary>The number of requests that it accepted while another model waited for capacity.</summary>
    public int Collated { get; set; }

    /// <summary>The number of its running requests that are interactive.</summary>
    public int InteractiveInFlight { get; set; }

    /// <summary>When an interactive request last began or ended on it; null: it has had none since its start.</summary>
    public TimeSpan? LastInteractive { get; set; }

    /// <summary>Whether it is loaded without a request, and not stopped because it is idle.</summary>
    public bool IsResident { get; set; }

    /// <summary>The <see cref="KeepAlive"/> that its latest request asked for; null: that of its model.</summary>
    public TimeSpan? RequestedKeepAlive { get; set; }

    /// <summary>The <see cref="KeepAlive"/> of its model; null: the default of the settings.</summary>
    public TimeSpan? ModelKeepAlive { get; set; }

    /// <summary>How long it stays loaded when idle; negative: it is pinned and stays until an unload.</summary>
    public TimeSpan KeepAlive { get; set; }

    /// <summary>What its process needs, or its next one: what its latest request, or the resident, said.</summary>
    public RunnerDemand Demand { get; private set; }

    /// <summary>The memory in bytes that is reserved for its process, or for its next one.</summary>
    public long MemoryBytes { get; private set; }

    /// <summary>What is reserved for its process on graphics cards; empty while it has none.</summary>
    public IReadOnlyList<CardShare> Cards { get; private set; } = [];

    /// <summary>What its process has in main memory because the graphics cards had too little; included in <see cref="MemoryBytes"/>.</summary>
    public long SpilledBytes { get; private set; }

    /// <summary>The number of earlier loads that were measured for <see cref="MemoryBytes"/>.</summary>
    public int MeasuredLoads { get; private set; }

    /// <summary>The number of starts in a row that failed, or crashed soon after they were ready.</summary>
    public int Failures { get; set; }

    /// <summary>It is not started before this time.</summary>
    public TimeSpan RetryAt { get; set; }

    /// <summary>Whether <see cref="RetryAt"/> is in the future.</summary>
    public bool IsBackingOff { get; set; }

    /// <summary>Whether the last failure was a crash of a ready runner. Requests may wait until it is started again.</summary>
    public bool HasCrashed { get; set; }

    /// <summary>Whether the current process, or the last one, has served a request.</summary>
    public bool HasServed { get; set; }

    /// <summary>The time of the last failure, from which <see cref="Backoff.ForgetAt"/> counts.</summary>
    public TimeSpan FailedAt { get; set; }

    /// <summary>Its last failed start or crash; null if there was none.</summary>
    public RunnerFailure? Failure { get; set; }

    /// <summary>Why it accepts no more requests and stops after its running ones; null: it does accept requests.</summary>
    public StopReason? Draining { get; set; }

    /// <summary>The name of the key that requested its unload; null: none.</summary>
    public string? UnloadedBy { get; set; }

    /// <summary>When it is stopped even if requests are still running; null: never.</summary>
    public TimeSpan? DrainEnds { get; set; }

    /// <summary>Since when it accepts no more requests; valid only with <see cref="Draining"/>.</summary>
    public TimeSpan DrainingSince { get; set; }

    /// <summary>The number of yields in a row that its requests outlasted.</summary>
    public int FailedYields { get; set; }

    /// <summary>The number of running requests that outlasted a yield. It does not yield again while there are any.</summary>
    public int Outlasting { get; set; }

    /// <summary>Whether a health check is running.</summary>
    public bool IsBeingChecked { get; set; }

    /// <summary>What its start waits for, as it was last reported; null: it does not wait.</summary>
    public DelayCause? Delay { get; set; }

    /// <summary>The runner for which it is stopped or yields; null: none.</summary>
    public ManagedRunnerState? EvictedFor { get; set; }

    /// <summary>The runners that were stopped to make room for its next start.</summary>
    public List<RunnerKey> Evicted { get; set; } = [];

    /// <summary>Why it is being stopped; valid only in the state <see cref="RunnerState.Stopping"/>.</summary>
    public StopReason StopReason { get; set; }

    /// <summary>The failure because of which it is stopped; null if it is stopped for another reason.</summary>
    public RunnerFailure? StopFailure { get; set; }

    /// <summary>
    /// Whether its process was started with settings that are no longer valid, or will be, because its waiting requests arrived before the
    /// change. It is stopped as soon as it is idle.
    /// </summary>
    public bool IsOutdated => Outdated is not null;

    /// <summary>Why <see cref="IsOutdated"/> is true; null: it is not.</summary>
    public OutdatedReason? Outdated { get; set; }

    /// <summary>Whether there is a process, or a start was requested.</summary>
    public bool IsLive => State?.IsLive() == true;

    /// <summary>Whether it is ready and has neither running nor waiting requests.</summary>
    public bool IsIdle => State == RunnerState.Ready && InFlight == 0 && Waiting.Count == 0;

    public bool IsPinned => KeepAlive < TimeSpan.Zero && !IsOutdated;

    /// <summary>Whether it is ready and has not been told to accept no more requests.</summary>
    public bool IsOpen => State == RunnerState.Ready && Draining is null;

    public bool TakesRequests => IsOpen && InFlight < Concurrency;

    /// <summary>Whether its waiting requests wait only for the end of others of the same model.</summary>
    public bool IsFull => IsOpen && InFlight >= Concurrency;

    /// <summary>Whether it stops when it has been idle for its keep-alive time.</summary>
    public bool IsExpiring => IsIdle && !IsPinned && !IsResident;

    /// <summary>Since when a request waits for it; valid only if one does.</summary>
    public TimeSpan WaitsSince => Waiting.Min(static request => request.Arrived);

    /// <summary>Whether an interactive request waits for it.</summary>
    public bool WaitsUrgently => Waiting.Any(static request => request.Priority == RequestPriority.Interactive);

    /// <summary>How long a request may wait for it.</summary>
    public TimeSpan QueueTimeout(SchedulerSettings settings) => Queue.Timeout ?? settings.QueueTimeout;

    /// <summary>The most requests that may wait for its model.</summary>
    public int MaxQueued(SchedulerSettings settings) => Queue.MaxRequests ?? settings.MaxQueuedPerModel;

    /// <summary>Whether it has had only background requests of late.</summary>
    public bool IsBackground(SchedulerSettings settings, TimeSpan now) =>
        InteractiveInFlight == 0 && (LastInteractive is not { } last || now - last >= settings.BackgroundDelay);

    /// <summary>Whether requests wait and there is no process for them.</summary>
    public bool LacksProcess => Waiting.Count > 0 && !IsLive;

    /// <summary>Whether a process must be started as soon as there is capacity.</summary>
    public bool WantsStart => LacksProcess && !IsBackingOff;

    /// <summary>Takes over what a request, or a resident, says about it.</summary>
    public void Apply(RunnerDemand demand, SchedulerSettings settings)
    {
        Demand = demand;
        Reserve(settings.MemoryBudgetBytes);
        (ModelKeepAlive, RequestedKeepAlive) = (demand.KeepAlive, demand.RequestKeepAlive);
        KeepAlive = RequestedKeepAlive ?? ModelKeepAlive ?? settings.DefaultKeepAlive;
        Concurrency = demand.Concurrency ?? int.MaxValue;
        Queue = demand.Queue;
    }

    /// <summary>
    /// Reserves memory for its next process. A process keeps what was reserved for it, and a budget that changes while requests wait changes what its
    /// next process may have.
    /// </summary>
    /// <param name="budget">The most bytes that all runners may use together; null: no limit.</param>
    public void Reserve(long? budget)
    {
        if (IsLive)
            return;
        MemoryBytes = Demand.Reservation(budget);
        MeasuredLoads = Demand.MeasuredLoads;
        (Cards, SpilledBytes) = ([], 0);
    }

    /// <summary>Its process starts with this part on graphics cards.</summary>
    public void Place(CardPlacement placement)
    {
        (Cards, SpilledBytes) = (placement.Cards, placement.SpilledBytes);
        MemoryBytes += placement.SpilledBytes;
    }

    public RunnerStatus ToStatus()
    {
        RunnerState state = LacksProcess ? RunnerState.Waiting : State ?? RunnerState.Failed;
        return new RunnerStatus(Id, Key, state, IsAttached: false, InFlight, Waiting.Count, LastUsed, KeepAlive, Failure)
        {
            MemoryBytes = MemoryBytes,
            Cards = Cards,
            SpilledBytes = SpilledBytes,
            Concurrency = Concurrency == int.MaxValue ? null : Concurrency,
            IsResident = IsResident,
            Outdated = IsLive ? Outdated : null,
        };
    }
}
