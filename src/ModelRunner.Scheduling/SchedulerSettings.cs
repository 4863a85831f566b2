namespace ModelRunner.Scheduling;

/// <summary>The settings of the scheduler. Immutable; <see cref="ConfigurationChanged"/> replaces them.</summary>
public sealed record SchedulerSettings
{
    /// <summary>
    /// How long a runner stays loaded when idle, unless its model says otherwise. Default: 5 minutes. Negative: until an unload.
    /// </summary>
    public TimeSpan DefaultKeepAlive { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The most managed runners that may have a process, including loading and stopping ones. At least 1.</summary>
    public int MaxRunners { get; init; } = 8;

    /// <summary>The most requests that may wait, over all runners. Further ones are refused. At least 1.</summary>
    public int MaxQueuedRequests { get; init; } = 512;

    /// <summary>
    /// The most requests that may wait for one model, in all its modes, unless the model says otherwise (<see cref="QueueLimits"/>). So one slow model does
    /// not use up <see cref="MaxQueuedRequests"/>. At least 1.
    /// </summary>
    public int MaxQueuedPerModel { get; init; } = 256;

    /// <summary>How long a request may wait for capacity, unless its model says otherwise (<see cref="QueueLimits"/>).</summary>
    public TimeSpan QueueTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How long a model waits for capacity before a runner that is in use must yield; if that is longer, twice the time that the runner keeps its place after
    /// its load (see <see cref="MinStay"/>). That runner then accepts no more requests until it is idle and has been evicted.
    /// </summary>
    public TimeSpan SwapDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How many requests a runner accepts while another model waits for capacity, before it must yield earlier than that.</summary>
    public int SwapRequests { get; init; } = 32;

    /// <summary>
    /// A runner keeps its place after its load for as long as its load took, but at most for this time. It does so while any model is in use, and
    /// against every model that waits, except an interactive one if it serves only background requests.
    /// </summary>
    public TimeSpan MinStay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A background request yields to the interactive requests that arrive within this time after it, and to no later ones.</summary>
    public TimeSpan BackgroundDelay { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How long the running requests of an unloaded runner may continue. Then they are aborted and the runner is stopped, because a hung
    /// request would never end.
    /// </summary>
    public TimeSpan UnloadDrain { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a runner that yields accepts no new requests. If its running requests take longer, it accepts requests again until they have
    /// ended; each further yield is twice as long. A yield is at most half of the queue timeout of the model, so that it causes no refusal of a
    /// request for a loaded model.
    /// </summary>
    public TimeSpan YieldLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The most memory in bytes that all managed runners may use together by their estimates; null: no limit.</summary>
    public long? MemoryBudgetBytes { get; init; }

    /// <summary>
    /// The most memory in bytes that all managed runners may use together on each graphics card; null: unknown. Measured:
    /// <see cref="CardsMeasured"/> replaces it, and <see cref="ConfigurationChanged"/> does not.
    /// </summary>
    public IReadOnlyDictionary<string, long>? CardBudgets { get; init; }

    /// <summary>The wait after the first failed start; it doubles with each further failure.</summary>
    public TimeSpan MinBackoff { get; init; } = TimeSpan.FromSeconds(0.1);

    /// <summary>The longest wait between failed starts.</summary>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How long a request may wait for the next start of a crashed runner. If the wait is longer, or at least the queue timeout of the model, the
    /// request is refused at once.
    /// </summary>
    public TimeSpan MaxBackoffWait { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Servers that the daemon neither starts nor stops. They are always ready. Several may share a key.</summary>
    public IReadOnlyList<AttachedRunner> Attached { get; init; } = [];
}
