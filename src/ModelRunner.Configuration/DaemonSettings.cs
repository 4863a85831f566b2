using Microsoft.Extensions.Logging;

namespace ModelRunner.Configuration;

/// <summary>Everything the daemon was told, resolved, checked and immutable.</summary>
internal sealed record DaemonSettings
{
    public required ListenSettings Listen { get; init; }

    public MetricsSettings Metrics { get; init; } = new();

    public RunnerSettings Runners { get; init; } = new();

    /// <summary>Absolute path of the model store; every <c>*.gguf</c> below it is a model.</summary>
    public required string ModelsPath { get; init; }

    /// <summary>Whether nobody wrote <see cref="ModelsPath"/>, so that it need not exist.</summary>
    public bool IsDefaultModelsPath { get; init; }

    /// <summary>Models named in the configuration file, by canonical reference.</summary>
    public IReadOnlyDictionary<string, ModelSettings> Models { get; init; } = new Dictionary<string, ModelSettings>(StringComparer.Ordinal);

    public IReadOnlyList<AttachedRunnerSettings> AttachedRunners { get; init; } = [];

    /// <summary>
    /// Browser origins that may call the API, from <c>DMR_ORIGINS</c>, in the form in which browsers send them; empty: none; a single
    /// <see cref="OriginList.Any"/> among them: all.
    /// </summary>
    public IReadOnlyList<string> Origins { get; init; } = [];

    /// <summary>
    /// Host names that are served besides local ones, without a final dot; one that begins with <c>*.</c> stands for every name that ends so.
    /// </summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>How many connections of clients there may be; more are accepted only for health checks and scrapes.</summary>
    public int MaxConnections { get; init; } = 1024;

    /// <summary>Bytes that all request bodies together may take; null: 256 MiB, or a quarter of what the process may use where that is less.</summary>
    public long? MaxBodyMemoryBytes { get; init; }

    /// <summary>What was written and does not count though it is no mistake; one sentence each, for the log.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>The key that clients on TCP must send; null: none.</summary>
    public string? ApiKey { get; init; }

    /// <summary>Whether the user said that an address which others can reach needs no key.</summary>
    public bool IsInsecure { get; init; }

    /// <summary>Absolute path of the home folder of the daemon's user; null: not known.</summary>
    public string? HomePath { get; init; }

    /// <summary>Absolute path of the folder with the demo models; null: they were not asked for.</summary>
    public string? DemoModelsPath { get; init; }

    /// <summary>Whether the demo models were asked for.</summary>
    public bool IsDemo => DemoModelsPath is not null;

    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>Absolute path of the folder that log files go to; null: standard error only.</summary>
    public string? LogDirectory { get; init; }
}
