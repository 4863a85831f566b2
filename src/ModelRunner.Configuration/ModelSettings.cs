using ModelRunner.Linux.Processes;
using ModelRunner.Scheduling;

namespace ModelRunner.Configuration;

/// <summary>The settings of one model in the configuration.</summary>
internal sealed record ModelSettings
{
    /// <summary>The backend of models that llama-server or llama-host runs.</summary>
    public const string LlamaBackend = "llama.cpp";

    /// <summary>Absolute path of the GGUF file, or of what the engine loads; null: the file is in the store, or the engine needs none.</summary>
    public string? Path { get; init; }

    /// <summary>Whether it has no entry in the file: a client has changed the settings of a model that is in the store.</summary>
    public bool HasNoEntry { get; init; }

    /// <summary>Whether the command of its engine has the placeholder for a path and no path is known.</summary>
    public bool LacksEnginePath => Path is null && Engine?.Uses(CommandTemplate.Path) == true;

    /// <summary>Absolute path of its image projector; null: the one beside the file that belongs to it.</summary>
    public string? ProjectorPath { get; init; }

    /// <summary>Whether it runs without any image projector.</summary>
    public bool HasNoProjector { get; init; }

    /// <summary>Its draft model; null: none.</summary>
    public DraftSettings? Draft { get; init; }

    /// <summary>Tokens of context per slot; null: the runner's default.</summary>
    public int? ContextSize { get; init; }

    /// <summary>Whether its runners get the largest context that fits into the memory when they are started.</summary>
    public bool HasAutoContext { get; init; }

    /// <summary>The most tokens of such a context; null: those that the model was trained for.</summary>
    public int? MaxAutoContext { get; init; }

    /// <summary>How long its idle runners stay loaded. Null: the default. Negative: no limit. Zero: they are stopped after each response.</summary>
    public TimeSpan? KeepAlive { get; init; }

    /// <summary>The class of its requests.</summary>
    public RequestPriority Priority { get; init; }

    /// <summary>The most requests that its runner processes at the same time; null: no limit.</summary>
    public int? Concurrency { get; init; }

    /// <summary>The limits of the requests that wait for it.</summary>
    public QueueLimits Queue { get; init; }

    /// <summary>The processors that its runners may use; null: those of every runner.</summary>
    public ProcessorSet? CpuSet { get; init; }

    /// <summary>The memory in bytes at which the kernel ends its runner; null: that of every runner.</summary>
    public long? MemoryLimitBytes { get; init; }

    /// <summary>Whether it is loaded without a request: at start, and again when there is room.</summary>
    public bool IsPreloaded { get; init; }

    /// <summary>Arguments added to its runners, checked like <c>LLAMA_ARGS</c>.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Arguments that come before those for every runner, so that the user can override them: the settings of the tool it is from.</summary>
    public IReadOnlyList<string> Defaults { get; init; } = [];

    /// <summary>The name of the build of llama-server that runs it; null: the default engine, or <see cref="Engine"/>.</summary>
    public string? Build { get; init; }

    /// <summary>The engine with a command that runs it; null: llama.cpp runs it.</summary>
    public EngineSettings? Engine { get; init; }

    /// <summary>The mode in which <see cref="Engine"/> serves it; null if there is no such engine.</summary>
    public RunnerMode? Mode { get; init; }

    /// <summary>The <c>backend</c> label of the runners that are started for it.</summary>
    public string Backend { get; init; } = LlamaBackend;

    /// <summary>The name of the model in requests to <see cref="Engine"/>; null: the canonical reference.</summary>
    public string? ModelName { get; init; }

    /// <summary>The main memory in bytes that a server of <see cref="Engine"/> needs for it; null: it is not configured.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Other canonical references that lead to this model.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>
    /// The arguments of its runners: its defaults, those for every runner, then those of the model, because the last of two equal ones counts. Its
    /// context size replaces one for every runner.
    /// </summary>
    public IReadOnlyList<string> AddedTo(IReadOnlyList<string> everyRunner)
    {
        const string Context = "--ctx-size";
        var all = new List<string>(Defaults.Count + everyRunner.Count + Arguments.Count);
        all.AddRange(Defaults);
        for (int i = 0; i < everyRunner.Count; i++)
        {
            if ((ContextSize is not null || HasAutoContext) && string.Equals(everyRunner[i], Context, StringComparison.Ordinal))
                i++;
            else
                all.Add(everyRunner[i]);
        }

        all.AddRange(Arguments);
        return all;
    }

    /// <summary>Whether a runner of this model would be started in the same way with the other settings.</summary>
    public bool StartsLike(ModelSettings other) =>
        this with
        {
            HasNoEntry = other.HasNoEntry,
            Aliases = other.Aliases,
            KeepAlive = other.KeepAlive,
            Priority = other.Priority,
            Concurrency = other.Concurrency,
            Queue = other.Queue,
            IsPreloaded = other.IsPreloaded,
            Arguments = other.Arguments,
            Defaults = other.Defaults,
            Engine = other.Engine,
            MemoryBytes = other.MemoryBytes,
        } == other
        && Arguments.SequenceEqual(other.Arguments, StringComparer.Ordinal)
        && Defaults.SequenceEqual(other.Defaults, StringComparer.Ordinal)
        && (Engine is null ? other.Engine is null : other.Engine is not null && Engine.StartsLike(other.Engine));

    /// <summary>Compares all values, also those within lists.</summary>
    public bool IsSameAs(ModelSettings other) =>
        StartsLike(other) && MemoryBytes == other.MemoryBytes
        && (KeepAlive, Priority, Concurrency, Queue, IsPreloaded)
            == (other.KeepAlive, other.Priority, other.Concurrency, other.Queue, other.IsPreloaded)
        && Aliases.SequenceEqual(other.Aliases, StringComparer.Ordinal);
}
