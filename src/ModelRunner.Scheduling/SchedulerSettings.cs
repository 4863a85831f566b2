namespace ModelRunner.Scheduling;

/// <summary>The limits that the scheduler keeps. Immutable; a new one arrives with <see cref="ConfigurationChanged"/>.</summary>
public sealed record SchedulerSettings
{
    /// <summary>How long a runner stays when idle and its model says nothing else. Default 5 minutes; negative: for ever.</summary>
    public TimeSpan DefaultKeepAlive { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How many managed runners may have a process at once, loading and stopping ones included. At least 1.</summary>
    public int MaxRunners { get; init; } = 8;

    /// <summary>How many requests may wait in all, over all runners. One more is refused. At least 1.</summary>
    public int MaxQueuedRequests { get; init; } = 512;

    /// <summary>How long a request may wait for a runner that cannot start because others are busy.</summary>
    public TimeSpan QueueTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How long a model that waits for room lets busy runners take new requests. After that one of them takes no more until it was idle and
    /// made room.
    /// </summary>
    public TimeSpan YieldDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long an unloaded runner may go on with the requests it has. After that they are cut and it is stopped: one that hangs would
    /// never end otherwise.
    /// </summary>
    public TimeSpan UnloadDrain { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a runner that yields may refuse to take new requests while its last ones go on. Where they go on for longer, it takes
    /// requests again until they have ended; each further try is twice as long. It is never longer than half of
    /// <see cref="QueueTimeout"/>, so that no request for a loaded model is refused because of it.
    /// </summary>
    public TimeSpan YieldLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Memory in bytes that all managed runners may take together by their estimates; null: not limited.</summary>
    public long? MemoryBudgetBytes { get; init; }

    /// <summary>The wait after the first failed start; it doubles with each further failure.</summary>
    public TimeSpan MinBackoff { get; init; } = TimeSpan.FromSeconds(0.1);

    /// <summary>The longest wait between failed starts.</summary>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How long a request waits until a runner that crashed may be started again. Where that takes longer, or as long as
    /// <see cref="QueueTimeout"/>, the request is refused at once.
    /// </summary>
    public TimeSpan BackoffPatience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Servers that already run elsewhere: always ready, never started or stopped. Several may share a key.</summary>
    public IReadOnlyList<AttachedRunner> Attached { get; init; } = [];
}
