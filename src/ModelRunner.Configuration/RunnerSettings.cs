using ModelRunner.Linux.Processes;

namespace ModelRunner.Configuration;

/// <summary>How managed runners are started, kept and stopped. The defaults come from <see cref="ConfigurationCatalog"/>.</summary>
internal sealed record RunnerSettings
{
    /// <summary>Absolute path of llama-server, found by <c>LLAMA_SERVER_PATH</c> or PATH; null: the embedded llama-host is used.</summary>
    public string? LlamaServerPath { get; init; }

    /// <summary>Absolute path of the embedded runner's executable; null if this build has none.</summary>
    public string? LlamaHostPath { get; init; }

    /// <summary>Arguments added to every managed runner, from <c>LLAMA_ARGS</c>; arguments that the daemon sets itself are not among them.</summary>
    public IReadOnlyList<string> ExtraArguments { get; init; } = [];

    /// <summary>The arguments that the engine knows; null: the engine was not asked, since the user added none, or it failed.</summary>
    public EngineFlags? EngineFlags { get; init; }

    /// <summary>The builds of llama-server that models can select, by their names.</summary>
    public IReadOnlyDictionary<string, LlamaBuild> Builds { get; init; } = new Dictionary<string, LlamaBuild>(StringComparer.Ordinal);

    /// <summary>The programs of llama-server and of its builds by their absolute paths, as they were when these settings were checked.</summary>
    public IReadOnlyDictionary<string, FileStamp> Programs { get; init; } = new Dictionary<string, FileStamp>(StringComparer.Ordinal);

    /// <summary>These settings for the models of a build of llama-server; null: those of the default engine.</summary>
    public RunnerSettings With(string? build) => build is not null && Builds.TryGetValue(build, out LlamaBuild? found)
        ? this with { LlamaServerPath = found.Path, EngineFlags = found.Flags, EngineDevices = found.Devices }
        : this;

    /// <summary>These settings with the arguments that engines know, as far as they were not asked when the settings were read.</summary>
    /// <param name="flags">The arguments, by the names of builds; "" is the default engine.</param>
    public RunnerSettings WithFlags(IReadOnlyDictionary<string, EngineFlags> flags) => flags.Count == 0
        ? this
        : this with
        {
            EngineFlags = EngineFlags ?? flags.GetValueOrDefault(""),
            Builds = Builds.ToDictionary(
                static build => build.Key, build => build.Value with { Flags = build.Value.Flags ?? flags.GetValueOrDefault(build.Key) },
                StringComparer.Ordinal),
        };

    /// <summary>The graphics cards that llama-server lists; empty: none, or it was not asked.</summary>
    public IReadOnlyList<EngineDevice> EngineDevices { get; init; } = [];

    /// <summary>Whether an engine did not answer in time at the start, so that it must be asked again.</summary>
    public bool HasLateEngine { get; init; }

    /// <summary>
    /// The graphics cards that llama-server and its builds list, each list once. Two builds may name one card differently.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<EngineDevice>> DeviceLists =>
        [.. Builds.Values.Select(static build => build.Devices).Prepend(EngineDevices).Where(static devices => devices.Count > 0)
            .DistinctBy(static devices => string.Join(' ', devices), StringComparer.Ordinal)];

    /// <summary>Whether the engines list the same graphics cards in the same order.</summary>
    public bool HasSameDevicesAs(RunnerSettings other) =>
        DeviceLists.Count == other.DeviceLists.Count && DeviceLists.Zip(other.DeviceLists).All(static pair => pair.First.SequenceEqual(pair.Second));

    /// <summary>How long an idle runner stays loaded. Negative: no limit.</summary>
    public TimeSpan KeepAlive { get; init; } = ConfigurationCatalog.KeepAlive.DefaultDuration;

    /// <summary>The most managed runners at once.</summary>
    public int MaxRunners { get; init; } = ConfigurationCatalog.MaxRunners.DefaultInteger;

    /// <summary>The most waiting requests, for all runners together.</summary>
    public int MaxQueuedRequests { get; init; } = ConfigurationCatalog.MaxQueuedRequests.DefaultInteger;

    /// <summary>The most waiting requests of a model that has no limit of its own; null: half of <see cref="MaxQueuedRequests"/>.</summary>
    public int? MaxQueuedPerModel { get; init; }

    /// <summary>How long a request may wait for a runner, unless its model has a time of its own.</summary>
    public TimeSpan QueueTimeout { get; init; } = ConfigurationCatalog.QueueTimeout.DefaultDuration;

    /// <summary>How long a loaded model answers requests while another model waits for its room.</summary>
    public TimeSpan SwapDelay { get; init; } = ConfigurationCatalog.SwapDelay.DefaultDuration;

    /// <summary>The most requests that a loaded model accepts while another model waits for its room.</summary>
    public int SwapRequests { get; init; } = ConfigurationCatalog.SwapRequests.DefaultInteger;

    /// <summary>The longest time that a model keeps its room after its load.</summary>
    public TimeSpan MinStay { get; init; } = ConfigurationCatalog.MinStay.DefaultDuration;

    /// <summary>How long a background request lets later interactive requests go first.</summary>
    public TimeSpan BackgroundDelay { get; init; } = ConfigurationCatalog.BackgroundDelay.DefaultDuration;

    /// <summary>How long a start may take until the runner is ready.</summary>
    public TimeSpan LoadTimeout { get; init; } = ConfigurationCatalog.LoadTimeout.DefaultDuration;

    /// <summary>How long the requests of a runner may make no progress before it is reported; zero: it is never reported.</summary>
    public TimeSpan StallTimeout { get; init; } = ConfigurationCatalog.StallTimeout.DefaultDuration;

    /// <summary>Whether a runner that is reported as stalled is stopped.</summary>
    public bool RestartStalled { get; init; }

    /// <summary>How long a runner may take to end after SIGTERM before it is killed.</summary>
    public TimeSpan StopGrace { get; init; } = ConfigurationCatalog.StopGrace.DefaultDuration;

    /// <summary>How long requests may continue after the daemon was asked to end.</summary>
    public TimeSpan DrainTimeout { get; init; } = ConfigurationCatalog.DrainTimeout.DefaultDuration;

    /// <summary>Whether the contexts of runners are kept while their models are not loaded.</summary>
    public KvCacheSettings KvCache { get; init; } = new();

    /// <summary>The processors that a runner may use, if its model has none of its own; null: those of the daemon.</summary>
    public ProcessorSet? CpuSet { get; init; }

    /// <summary>The memory in bytes at which the kernel ends a runner, if its model has no limit of its own; null: no limit.</summary>
    public long? MemoryLimitBytes { get; init; }

    /// <summary>Memory in bytes for all managed runners; null: the free memory of the machine or its control group.</summary>
    public long? MemoryBudgetBytes { get; init; }
}
