namespace ModelRunner.Scheduling;

/// <summary>The settings changed. They apply from now on.</summary>
/// <param name="Settings">
/// The new settings. An attached runner whose identity is missing in them accepts no more requests; its running requests continue.
/// </param>
public sealed record ConfigurationChanged(SchedulerSettings Settings) : SchedulerEvent
{
    /// <summary>
    /// The canonical references of the models that are started in another way now, or no longer at all. A loaded runner of such a model is
    /// stopped as soon as it is idle; it serves requests until then. A failed start is forgotten. A resident of such a model is
    /// not loaded again before the next <see cref="ResidentsChanged"/>.
    /// </summary>
    public IReadOnlySet<string> OutdatedModels { get; init; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>Runners of <see cref="OutdatedModels"/> that were started as they would be now. They stay.</summary>
    public IReadOnlySet<RunnerId> CurrentRunners { get; init; } = new HashSet<RunnerId>();

    /// <summary>
    /// The keep-alive times of the models that have one, by canonical reference; every other model has the default. Null: each runner keeps
    /// that of its last request.
    /// </summary>
    public IReadOnlyDictionary<string, TimeSpan>? KeepAlive { get; init; }

    /// <summary>The models with a limit of requests that run at the same time, by canonical reference. Null: each runner keeps its limit.</summary>
    public IReadOnlyDictionary<string, int>? Concurrency { get; init; }

    /// <summary>
    /// The models with limits of their own for waiting requests, by canonical reference; every other model has those of <see cref="Settings"/>. Null: each
    /// runner keeps its limits.
    /// </summary>
    public IReadOnlyDictionary<string, QueueLimits>? Queues { get; init; }
}
