namespace ModelRunner.Scheduling;

/// <summary>One managed key: its present process if it has one, who waits for it, and how its starts went.</summary>
internal sealed class ManagedRunnerState(RunnerKey key)
{
    public RunnerKey Key { get; } = key;

    /// <summary>The present start, or the last one.</summary>
    public RunnerId Id { get; set; }

    /// <summary>Null before the first start and after an end that left nothing to tell.</summary>
    public RunnerState? State { get; set; }

    /// <summary>Requests that run on it.</summary>
    public int InFlight { get; set; }

    /// <summary>Requests that wait for it, the first to come first.</summary>
    public LinkedList<RequestState> Waiting { get; } = [];

    public TimeSpan? LastUsed { get; set; }

    public TimeSpan ReadySince { get; set; }

    /// <summary>What its latest request said of <see cref="KeepAlive"/>; null: the default of the settings.</summary>
    public TimeSpan? AskedKeepAlive { get; set; }

    /// <summary>How long it stays when idle; negative: for ever.</summary>
    public TimeSpan KeepAlive { get; set; }

    public long MemoryBytes { get; set; }

    /// <summary>Starts in a row that failed, or crashed soon after they were ready.</summary>
    public int Failures { get; set; }

    /// <summary>No start before this time.</summary>
    public TimeSpan RetryAt { get; set; }

    /// <summary>Whether <see cref="RetryAt"/> has not come yet.</summary>
    public bool IsBackingOff { get; set; }

    /// <summary>Whether the last failure was the end of a runner that had been ready. Requests may wait until it is started again.</summary>
    public bool HasCrashed { get; set; }

    /// <summary>Whether the present process, or the last one, answered a request.</summary>
    public bool HasServed { get; set; }

    /// <summary>When the last failure was, for forgetting it.</summary>
    public TimeSpan FailedAt { get; set; }

    public string? Failure { get; set; }

    /// <summary>Why it takes no more requests and stops when those it has are done; null: it goes on.</summary>
    public StopReason? Draining { get; set; }

    /// <summary>When it is stopped although requests run on it; null: never.</summary>
    public TimeSpan? DrainEnds { get; set; }

    /// <summary>Since when it takes no more requests; only with <see cref="Draining"/>.</summary>
    public TimeSpan DrainingSince { get; set; }

    /// <summary>How often in a row it yielded and was not done in time.</summary>
    public int FailedYields { get; set; }

    /// <summary>How many of its requests outlasted a yield. It does not yield again while there are any.</summary>
    public int Outlasting { get; set; }

    /// <summary>Whether a health check is under way.</summary>
    public bool IsBeingChecked { get; set; }

    /// <summary>Why it had to be stopped; null where it was stopped for no fault of its own.</summary>
    public string? StopCause { get; set; }

    /// <summary>Whether there is a process, or one was asked for.</summary>
    public bool IsLive => State is RunnerState.Loading or RunnerState.Ready or RunnerState.Stopping;

    /// <summary>Whether it is ready and nobody uses it or waits for it.</summary>
    public bool IsIdle => State == RunnerState.Ready && InFlight == 0 && Waiting.Count == 0;

    public bool IsPinned => KeepAlive < TimeSpan.Zero;

    public bool TakesRequests => State == RunnerState.Ready && Draining is null;

    /// <summary>Whether requests wait and there is no process that could serve them.</summary>
    public bool LacksProcess => Waiting.Count > 0 && !IsLive;

    /// <summary>Whether a process is to be started as soon as there is room for it.</summary>
    public bool WantsStart => LacksProcess && !IsBackingOff;

    public RunnerStatus ToStatus()
    {
        RunnerState state = LacksProcess ? RunnerState.Waiting : State ?? RunnerState.Failed;
        return new RunnerStatus(Id, Key, state, IsAttached: false, InFlight, Waiting.Count, LastUsed, KeepAlive, Failure);
    }
}
