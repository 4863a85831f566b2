using System.Collections.Frozen;
using Microsoft.Extensions.Logging;

namespace ModelRunner.Configuration;

/// <summary>All settings of the daemon: resolved, checked and immutable.</summary>
internal sealed record DaemonSettings
{
    public required ListenSettings Listen { get; init; }

    public MetricsSettings Metrics { get; init; } = new();

    public RunnerSettings Runners { get; init; } = new();

    public LedgerSettings Ledger { get; init; } = new();

    public DownloadSettings Downloads { get; init; } = new();

    /// <summary>Absolute path of the model store; every <c>*.gguf</c> below it is a model.</summary>
    public required string ModelsPath { get; init; }

    /// <summary>Whether <see cref="ModelsPath"/> is the default, which need not exist.</summary>
    public bool IsDefaultModelsPath { get; init; }

    /// <summary>Other tools whose models are used too, in the order of precedence.</summary>
    public IReadOnlyList<SourceSettings> Sources { get; init; } = [];

    /// <summary>Whether a configuration file was read.</summary>
    public bool HasFile { get; init; }

    /// <summary>Engines of the configuration file, by name.</summary>
    public IReadOnlyDictionary<string, EngineSettings> Engines { get; init; } = new Dictionary<string, EngineSettings>(StringComparer.Ordinal);

    /// <summary>Models of the configuration file, by canonical reference.</summary>
    public IReadOnlyDictionary<string, ModelSettings> Models { get; init; } = new Dictionary<string, ModelSettings>(StringComparer.Ordinal);

    /// <summary>What clients have changed, by the canonical reference of the model. <see cref="Models"/> has these changes.</summary>
    public IReadOnlyDictionary<string, ModelOverride> Overrides { get; private init; } = FrozenDictionary<string, ModelOverride>.Empty;

    public IReadOnlyList<AttachedRunnerSettings> AttachedRunners { get; init; } = [];

    /// <summary>
    /// Browser origins that may call the API, from <c>DMR_ORIGINS</c>, in the format in which browsers send them; empty: none; a single <see
    /// cref="OriginList.Any"/> among them: all.
    /// </summary>
    public IReadOnlyList<string> Origins { get; init; } = [];

    /// <summary>
    /// Host names that are served besides local ones, without a final dot; one that begins with <c>*.</c> stands for every name with this
    /// suffix.
    /// </summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>Whether the last requests and their responses are kept in memory.</summary>
    public bool RecordsRequests { get; init; } = ConfigurationCatalog.RecordsRequests.DefaultSwitch;

    /// <summary>The most bytes that they take together.</summary>
    public long MaxRecordedBytes { get; init; } = ConfigurationCatalog.MaxRecordedBytes.DefaultBytes;

    /// <summary>The most client connections; further ones are accepted only for health checks and scrapes.</summary>
    public int MaxConnections { get; init; } = ConfigurationCatalog.MaxConnections.DefaultInteger;

    /// <summary>
    /// Bytes that all request bodies together may take; null: 256 MiB, or a quarter of the memory that the process may use if that is less.
    /// </summary>
    public long? MaxBodyMemoryBytes { get; init; }

    /// <summary>Settings that are ignored without being errors; one sentence each, for the log.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>A key with all rights; null: none.</summary>
    public string? ApiKey { get; init; }

    /// <summary>Whether <see cref="ApiKey"/> is in the configuration file, and not in the environment.</summary>
    public bool IsApiKeyInFile { get; init; }

    /// <summary>Named keys of the configuration file.</summary>
    public IReadOnlyList<KeySettings> Keys { get; init; } = [];

    /// <summary>Whether the configuration file has the section of <see cref="Keys"/>, even if it is empty.</summary>
    public bool HasKeysSection { get; init; }

    /// <summary>Absolute path of the keys file; null: there is none, and none can appear.</summary>
    public string? KeysFilePath { get; init; }

    /// <summary>Whether an option names the keys file. It need not exist.</summary>
    public bool IsKeysFileNamed { get; init; }

    /// <summary>The keys file when these settings were read. It may have changed since.</summary>
    public KeysFileContent KeysFile { get; init; } = KeysFileContent.None;

    /// <summary>Whether clients on TCP must send a key. Removing the last named key does not open the daemon to everyone.</summary>
    public bool RequiresKey => ApiKey is not null || HasKeysSection || IsKeysFileNamed || KeysFile.IsPresent;

    /// <summary>Whether the user allowed an address that other machines can reach to need no key.</summary>
    public bool IsInsecure { get; init; }

    /// <summary>Absolute path of the home folder of the daemon's user; null: unknown.</summary>
    public string? HomePath { get; init; }

    /// <summary>Absolute path of the folder with the demo models; null: the user did not ask for them.</summary>
    public string? DemoModelsPath { get; init; }

    /// <summary>Whether the configuration file is read again when it was changed.</summary>
    public bool ReloadOnChange { get; init; } = ConfigurationCatalog.ReloadOnChange.DefaultSwitch;

    public LogLevel LogLevel { get; init; } = ConfigurationCatalog.LogLevel.DefaultLevel;

    /// <summary>Absolute path of the folder for log files; null: standard error only.</summary>
    public string? LogDirectory { get; init; }

    /// <summary>
    /// The settings that each model really has, by canonical reference. A model without its own entry has those of the entry that it means.
    /// </summary>
    public IReadOnlyDictionary<string, ModelSettings> FindEffectiveModels() => new ConfiguredNames(Models).Effective;

    /// <summary>These settings with what clients have changed.</summary>
    /// <param name="overrides">The changes, by the canonical reference of the model.</param>
    /// <param name="flags">See <see cref="RunnerSettings.WithFlags"/>; null: none are known.</param>
    public DaemonSettings With(IReadOnlyDictionary<string, ModelOverride> overrides, IReadOnlyDictionary<string, EngineFlags>? flags)
    {
        if (overrides.Count == 0)
            return this;
        IReadOnlyDictionary<string, ModelSettings> effective = FindEffectiveModels();
        var models = new Dictionary<string, ModelSettings>(Models, StringComparer.Ordinal);
        foreach ((string model, ModelOverride change) in overrides)
            models[model] = change.ApplyTo(effective.GetValueOrDefault(model) ?? new ModelSettings()) with { HasNoEntry = !Models.ContainsKey(model) };
        return this with { Models = models, Overrides = overrides, Runners = flags is null ? Runners : Runners.WithFlags(flags) };
    }

    /// <summary>These settings with the values of a running daemon for every option that only a restart changes.</summary>
    public DaemonSettings KeepUntilRestart(DaemonSettings running) => this with
    {
        Listen = running.Listen,
        ModelsPath = running.ModelsPath,
        IsDefaultModelsPath = running.IsDefaultModelsPath,
        DemoModelsPath = running.DemoModelsPath,
        MaxConnections = running.MaxConnections,
        MaxBodyMemoryBytes = running.MaxBodyMemoryBytes,
        LogDirectory = running.LogDirectory,
        KeysFilePath = running.KeysFilePath,
        IsKeysFileNamed = running.IsKeysFileNamed,
        Downloads = Downloads.KeepUntilRestart(running.Downloads),
        Ledger = Ledger with { StatePath = running.Ledger.StatePath },
        Runners = Runners with { LlamaServerPath = running.Runners.LlamaServerPath, LlamaHostPath = running.Runners.LlamaHostPath },
        Metrics = Metrics with { Enabled = running.Metrics.Enabled, MaxModels = running.Metrics.MaxModels },
    };
}
