namespace ModelRunner.Configuration;

/// <summary>
/// Every option of the daemon, defined once. Help texts are made from it; <c>docs/configuration.md</c> and the JSON schema are checked
/// against it. The sections <c>models</c> and <c>runners</c> of the file are lists and not options; <see cref="ModelsSection"/> and
/// <see cref="RunnersSection"/> read them.
/// </summary>
internal static class ConfigurationCatalog
{
    private const long Second = 1000;
    private const long Hour = 3600 * Second;
    private const long MiB = 1L << 20;

    public static ConfigurationOption ConfigFile { get; } = new(null, "MODEL_RUNNER_CONFIG", "--config", OptionKind.Path,
        "Reads this configuration file")
    { Default = "model-runner.json in the working directory, if there" };

    public static ConfigurationOption Socket { get; } = new("socket", "MODEL_RUNNER_SOCK", "--socket", OptionKind.Path,
        "Listens on this Unix socket, which only its owner may use")
    { Default = "model-runner.sock in the working directory; none where a port is set" };

    public static ConfigurationOption Port { get; } = new("port", "MODEL_RUNNER_PORT", "--port", OptionKind.Integer,
        "Listens on this TCP port instead of the socket, and on both where both are set; 0 takes any free port")
    { Minimum = 0, Maximum = 65535 };

    public static ConfigurationOption Bind { get; } = new("bind", "MODEL_RUNNER_BIND", "--bind", OptionKind.Address,
        "Listens on this address for TCP; one that other machines can reach needs apiKey or insecure")
    { Default = "127.0.0.1" };

    public static ConfigurationOption ApiKey { get; } = new("apiKey", "MODEL_RUNNER_API_KEY", null, OptionKind.Secret,
        "Asks clients on TCP for this key, as a bearer token");

    public static ConfigurationOption Insecure { get; } = new("insecure", "MODEL_RUNNER_INSECURE", "--insecure", OptionKind.Switch,
        "Allows an address that other machines can reach without a key")
    { Default = "off" };

    public static ConfigurationOption Origins { get; } = new("origins", "DMR_ORIGINS", "--origins", OptionKind.Origins,
        "Lets pages of these origins call the API from a browser; a comma separates them")
    { Default = "none" };

    public static ConfigurationOption AllowedHosts { get; } = new("allowedHosts", "MODEL_RUNNER_ALLOWED_HOSTS", "--allowed-hosts",
        OptionKind.Hosts, "Serves requests on TCP for these host names besides localhost, numbers and the names of container hosts; "
        + "a comma separates them")
    { Default = "none" };

    public static ConfigurationOption ModelsPath { get; } = new("modelsPath", "MODELS_PATH", "--models-path", OptionKind.Path,
        "Takes every GGUF file below this folder as a model")
    { Default = "~/.local/share/model-runner/models" };

    public static ConfigurationOption Demo { get; } = new("demo", null, "--demo", OptionKind.Switch,
        "Adds two small models that come with the program, tiny-chat and tiny-embed, and opens http://localhost:12434 if that port is free and "
        + "neither a socket nor a port is set")
    { Default = "off" };

    public static ConfigurationOption LlamaServerPath { get; } = new("llamaServerPath", "LLAMA_SERVER_PATH", "--llama-server-path",
        OptionKind.Path, "Starts this llama-server, or the one in this folder")
    { Default = "llama-server of PATH, else the embedded runner" };

    public static ConfigurationOption LlamaArguments { get; } = new("llamaArgs", "LLAMA_ARGS", "--llama-args", OptionKind.Arguments,
        "Adds these arguments to every runner that is started")
    { Default = "none" };

    public static ConfigurationOption KeepAlive { get; } = new("keepAlive", null, "--keep-alive", OptionKind.KeepAlive,
        "Stops a runner that was idle for this long; 0 stops it after the answer, -1 never")
    { Default = "5m", Minimum = 0, Maximum = 8760 * Hour };

    public static ConfigurationOption LogLevel { get; } = new("logLevel", "LOG_LEVEL", "--log-level", OptionKind.Level,
        "Logs events of this level and above")
    { Default = "info" };

    public static ConfigurationOption LogDirectory { get; } = new("logDirectory", "MODEL_RUNNER_LOG_DIR", "--log-dir", OptionKind.Path,
        "Also writes the log to files in this folder")
    { Default = "standard error only" };

    public static ConfigurationOption MetricsDisabled { get; } = new("metrics.disabled", "DISABLE_METRICS", "--disable-metrics",
        OptionKind.Switch, "Takes the metrics page away and starts runners without metrics")
    { Default = "off" };

    public static ConfigurationOption MetricsMinInterval { get; } = new("metrics.minInterval", null, null, OptionKind.Duration,
        "Answers scrapes within this time after a reading of a runner from that reading; 0 reads for every scrape")
    { Default = "1s", Minimum = 0, Maximum = Hour };

    public static ConfigurationOption MetricsTimeout { get; } = new("metrics.timeout", null, null, OptionKind.Duration,
        "Answers a scrape that names no deadline within this time")
    { Default = "5s", Minimum = 100, Maximum = 600 * Second };

    public static ConfigurationOption MetricsMaxBodyBytes { get; } = new("metrics.maxBodyBytes", null, null, OptionKind.Bytes,
        "Leaves out a runner whose page is longer, after decompression")
    { Default = "16MiB", Minimum = 1024, Maximum = 1024 * MiB };

    public static ConfigurationOption MetricsMaxTotalBodyBytes { get; } = new("metrics.maxTotalBodyBytes", null, null, OptionKind.Bytes,
        "Leaves out a runner where the pages of all runners would take more memory together")
    { Default = "256MiB", Minimum = MiB, Maximum = 64 * 1024L * MiB };

    public static ConfigurationOption MetricsMaxSamples { get; } = new("metrics.maxSamples", null, null, OptionKind.Integer,
        "Leaves out a runner whose page has more samples")
    { Default = "200000", Minimum = 1, Maximum = 10_000_000 };

    public static ConfigurationOption MaxRunners { get; } = new("limits.maxRunners", null, "--max-runners", OptionKind.Integer,
        "Keeps at most so many runners at once, starting and stopping ones included")
    { Default = "8", Minimum = 1, Maximum = 256 };

    public static ConfigurationOption MaxQueuedRequests { get; } = new("limits.maxQueuedRequests", null, null, OptionKind.Integer,
        "Lets at most so many requests wait in all; one more is refused")
    { Default = "512", Minimum = 1, Maximum = 100_000 };

    public static ConfigurationOption QueueTimeout { get; } = new("limits.queueTimeout", null, null, OptionKind.Duration,
        "Refuses a request that waited this long for a runner")
    { Default = "5m", Minimum = Second, Maximum = 24 * Hour };

    public static ConfigurationOption LoadTimeout { get; } = new("limits.loadTimeout", null, null, OptionKind.Duration,
        "Gives up a start that is not ready after this time")
    { Default = "10m", Minimum = Second, Maximum = 24 * Hour };

    public static ConfigurationOption StopGrace { get; } = new("limits.stopGrace", null, null, OptionKind.Duration,
        "Kills a runner that has not ended this long after it was asked to")
    { Default = "5s", Minimum = 0, Maximum = 600 * Second };

    public static ConfigurationOption DrainTimeout { get; } = new("limits.drainTimeout", null, null, OptionKind.Duration,
        "Lets requests go on for this long after the daemon was asked to end, or their model to be unloaded")
    { Default = "30s", Minimum = 0, Maximum = Hour };

    public static ConfigurationOption Memory { get; } = new("limits.memory", null, "--memory", OptionKind.Bytes,
        "Lets all runners together take so much memory, by their estimates")
    { Default = "what the machine or its control group has free", Minimum = 16 * MiB, Maximum = 1L << 50 };

    public static ConfigurationOption MaxConnections { get; } = new("limits.maxConnections", null, null, OptionKind.Integer,
        "Keeps at most so many connections of clients; beyond it the one that was idle longest is closed, and where none is idle only /health, "
        + "/metrics, /version and / are answered")
    { Default = "1024", Minimum = 8, Maximum = 65535 };

    public static ConfigurationOption MaxBodyMemory { get; } = new("limits.maxBodyMemory", null, null, OptionKind.Bytes,
        "Lets the bodies of all requests together take so much memory; beyond it they wait, and after a minute they are refused")
    { Default = "256MiB, or a quarter of the memory that the process may use where that is less", Minimum = 1 * MiB, Maximum = 1L << 40 };

    /// <summary>All options in the order in which they are documented.</summary>
    public static IReadOnlyList<ConfigurationOption> All { get; } =
    [
        ConfigFile, Socket, Port, Bind, ApiKey, Insecure, Origins, AllowedHosts, ModelsPath, Demo, LlamaServerPath, LlamaArguments, KeepAlive, LogLevel,
        LogDirectory, MetricsDisabled, MetricsMinInterval, MetricsTimeout, MetricsMaxBodyBytes, MetricsMaxTotalBodyBytes, MetricsMaxSamples, MaxRunners,
        MaxQueuedRequests, QueueTimeout, LoadTimeout, StopGrace, DrainTimeout, Memory, MaxConnections, MaxBodyMemory,
    ];
}
