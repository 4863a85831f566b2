namespace ModelRunner.Configuration;

/// <summary>How managed runners are started, kept and stopped.</summary>
internal sealed record RunnerSettings
{
    /// <summary>Absolute path of llama-server, already looked up in <c>LLAMA_SERVER_PATH</c> and PATH; null: the embedded llama-host.</summary>
    public string? LlamaServerPath { get; init; }

    /// <summary>Absolute path of the embedded runner's executable; null where this build has none.</summary>
    public string? LlamaHostPath { get; init; }

    /// <summary>Arguments added to every managed runner, from <c>LLAMA_ARGS</c>; checked against those the daemon owns.</summary>
    public IReadOnlyList<string> ExtraArguments { get; init; } = [];

    /// <summary>The arguments that the engine knows; null: it was not asked, since nobody added any, or gave no answer.</summary>
    public EngineFlags? EngineFlags { get; init; }

    /// <summary>How long a runner stays when idle. Default 5 minutes; negative: for ever.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How many managed runners may live at once.</summary>
    public int MaxRunners { get; init; } = 8;

    /// <summary>How many requests may wait in all.</summary>
    public int MaxQueuedRequests { get; init; } = 512;

    /// <summary>How long a request may wait for a place. Default 5 minutes.</summary>
    public TimeSpan QueueTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a start may take until the runner is ready. Default 10 minutes.</summary>
    public TimeSpan LoadTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a runner may take to end after SIGTERM before it is killed. Default 5 s.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long requests may go on after the daemon was asked to end. Default 30 s.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Memory in bytes for all managed runners; null: what the machine or its control group has free.</summary>
    public long? MemoryBudgetBytes { get; init; }
}
