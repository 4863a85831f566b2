namespace ModelRunner.Configuration;

/// <summary>
/// Every option of the daemon, defined once. Help texts are made from it; <c>docs/configuration.md</c> and the JSON schema are checked
/// against it. The sections <c>models</c>, <c>engines</c>, <c>runners</c> and <c>keys</c> of the file are lists and not options;
/// <see cref="ModelsSection"/>, <see cref="EnginesSection"/>, <see cref="RunnersSection"/> and <see cref="KeysSection"/> read them.
/// </summary>
internal static class ConfigurationCatalog
{
    private const long Second = 1000;
    private const long Hour = 3600 * Second;
    private const long MiB = 1L << 20;

    /// <summary>The least and the most memory in bytes that one runner can be limited to.</summary>
    public const long MinMemoryLimit = 16 * MiB;

    /// <inheritdoc cref="MinMemoryLimit"/>
    public const long MaxMemoryLimit = 1L << 50;

    // Declared before the options, because static members are initialized in the order of the file.
    private static readonly List<ConfigurationOption> Options = [];

    /// <summary>All options in the order in which they are documented.</summary>
    public static IReadOnlyList<ConfigurationOption> All => Options;

    public static ConfigurationOption ConfigFile { get; } = Add(new ConfigurationOption(
        null, "MODEL_RUNNER_CONFIG", "--config", OptionKind.Path,
        "Reads this configuration file")
    { NeedsRestart = true, Default = $"{ConfigurationFile.DefaultName} in the working directory, if it exists" });

    public static ConfigurationOption Socket { get; } = Add(new ConfigurationOption(
        "socket", "MODEL_RUNNER_SOCK", "--socket", OptionKind.Path,
        "Listens on this Unix socket, which only its owner can use")
    { NeedsRestart = true, Default = $"{ListenResolver.DefaultSocketName} in the working directory; none if a port is set" });

    public static ConfigurationOption Port { get; } = Add(new ConfigurationOption("port", "MODEL_RUNNER_PORT", "--port", OptionKind.Integer,
        "Listens on this TCP port; the Unix socket is then opened only if it is set too; 0 selects a free port")
    { NeedsRestart = true, Minimum = 0, Maximum = 65535 });

    public static ConfigurationOption Bind { get; } = Add(new ConfigurationOption("bind", "MODEL_RUNNER_BIND", "--bind", OptionKind.Address,
        "Listens on this address for TCP; an address that other machines can reach requires a key or insecure")
    { NeedsRestart = true, Default = "127.0.0.1" });

    public static ConfigurationOption TlsCertificate { get; } = Add(new ConfigurationOption(
        "tls.certificate", "MODEL_RUNNER_TLS_CERTIFICATE", "--tls-certificate", OptionKind.Path,
        "Serves the TCP port with TLS and the certificate in this PEM file, followed by those of its authorities; a new file is used without a restart")
    { NeedsRestart = true });

    public static ConfigurationOption TlsKey { get; } = Add(new ConfigurationOption(
        "tls.key", "MODEL_RUNNER_TLS_KEY", "--tls-key", OptionKind.Path,
        "Reads the private key of tls.certificate from this PEM file")
    { NeedsRestart = true, Default = "the file of tls.certificate" });

    public static ConfigurationOption TlsAuto { get; } = Add(new ConfigurationOption(
        "tls.auto", "MODEL_RUNNER_TLS_AUTO", "--tls-auto", OptionKind.Switch,
        "Serves the TCP port with TLS and a certificate of the daemon's own authority, which is kept in the state folder")
    { NeedsRestart = true, Default = "off" });

    public static ConfigurationOption TlsMetricsClients { get; } = Add(new ConfigurationOption(
        "tls.metricsClients", "MODEL_RUNNER_TLS_METRICS_CLIENTS", "--tls-metrics-clients", OptionKind.Path,
        "Lets clients read /metrics without a key if their certificate is signed by an authority in this PEM file")
    { NeedsRestart = true });

    public static ConfigurationOption ApiKey { get; } = Add(new ConfigurationOption(
        "apiKey", "MODEL_RUNNER_API_KEY", null, OptionKind.Secret,
        "Requires this key from clients on TCP, as a bearer token"));

    public static ConfigurationOption KeysFile { get; } = Add(new ConfigurationOption(
        "keysFile", "MODEL_RUNNER_KEYS_FILE", "--keys-file", OptionKind.Path,
        "Reads the keys of clients from this file, which model-runner key manages; it is read again when it changes")
    { NeedsRestart = true, Default = "keys.json in statePath, if it exists" });

    public static ConfigurationOption Insecure { get; } = Add(new ConfigurationOption(
        "insecure", "MODEL_RUNNER_INSECURE", "--insecure", OptionKind.Switch,
        "Allows an address that other machines can reach, even if no key is set")
    { Default = "off" });

    public static ConfigurationOption Origins { get; } = Add(new ConfigurationOption(
        "origins", "DMR_ORIGINS", "--origins", OptionKind.Origins,
        "Allows web pages of these origins to call the API; commas separate them")
    { Default = "none" });

    public static ConfigurationOption AllowedHosts { get; } = Add(new ConfigurationOption(
        "allowedHosts", "MODEL_RUNNER_ALLOWED_HOSTS", "--allowed-hosts", OptionKind.Hosts,
        "Accepts requests on TCP for these host names too, besides localhost, IP addresses and the names by which containers reach their "
        + "host; commas separate them")
    { Default = "none" });

    public static ConfigurationOption ModelsPath { get; } = Add(new ConfigurationOption(
        "modelsPath", "MODELS_PATH", "--models-path", OptionKind.Path,
        "Serves each GGUF file in this folder and its subfolders as a model")
    { NeedsRestart = true, Default = "~/.local/share/model-runner/models" });

    public static ConfigurationOption Sources { get; } = Add(new ConfigurationOption(
        "sources", "MODEL_RUNNER_SOURCES", "--sources", OptionKind.Sources,
        "Also serves the models that these tools have on this machine, in place and without changing them; commas separate them")
    { Default = "all; none with --demo" });

    public static ConfigurationOption PullOnRequest { get; } = Add(new ConfigurationOption(
        "pullOnRequest", "MODEL_RUNNER_PULL_ON_REQUEST", "--pull-on-request", OptionKind.Switch,
        "Pulls a model that a request names and that is not there, before the request is answered; only for keys that may do that")
    { Default = "off" });

    public static ConfigurationOption PullLimit { get; } = Add(new ConfigurationOption(
        "pull.limit", "MODEL_RUNNER_PULL_LIMIT", "--pull-limit", OptionKind.Rate,
        "Limits the bytes per second of all pulls together")
    { Default = "no limit", Minimum = 16 * 1024, Maximum = 1L << 40 });

    public static ConfigurationOption RegistryMirrors { get; } = Add(new ConfigurationOption(
        "registries.mirrors", "MODEL_RUNNER_REGISTRY_MIRRORS", "--registry-mirrors", OptionKind.Mirrors,
        "Asks these mirrors before Docker Hub, in this order; they never get its credentials; commas separate them")
    { NeedsRestart = true, Default = "none" });

    public static ConfigurationOption RegistryAuthorities { get; } = Add(new ConfigurationOption(
        "registries.caFile", "MODEL_RUNNER_REGISTRY_CA_FILE", "--registry-ca-file", OptionKind.Path,
        "Trusts registries whose certificate is signed by an authority in this PEM file, beside the authorities of the system")
    { NeedsRestart = true, Default = "none" });

    public static ConfigurationOption PlainHttpRegistries { get; } = Add(new ConfigurationOption(
        "registries.plainHttp", "MODEL_RUNNER_PLAIN_HTTP_REGISTRIES", "--plain-http-registries", OptionKind.Servers,
        "Asks these registries in plain http if they do not speak https; this machine needs no entry; commas separate them")
    { NeedsRestart = true, Default = "none" });

    public static ConfigurationOption TrustedRealms { get; } = Add(new ConfigurationOption(
        "registries.trustedRealms", "MODEL_RUNNER_TRUSTED_REALMS", "--trusted-realms", OptionKind.Servers,
        "Sends the credentials of a registry to these token servers too, if it names one of them; commas separate them")
    { NeedsRestart = true, Default = "none" });

    public static ConfigurationOption StatePath { get; } = Add(new ConfigurationOption(
        "statePath", "MODEL_RUNNER_STATE", "--state-path", OptionKind.Path,
        "Keeps the totals of requests and tokens in this folder, so that they continue after a restart; none keeps them in memory only")
    { NeedsRestart = true, Default = "~/.local/state/model-runner; none with --demo" });

    public static ConfigurationOption LedgerMaxAge { get; } = Add(new ConfigurationOption(
        "ledger.maxAge", null, null, OptionKind.Duration,
        "Keeps the record of each request for this time; totals are never removed")
    { Default = "30d", Minimum = Hour, Maximum = 87_600 * Hour });

    public static ConfigurationOption LedgerMaxBytes { get; } = Add(new ConfigurationOption(
        "ledger.maxBytes", null, null, OptionKind.Bytes,
        "Removes the records of the oldest requests if the ledger is larger than this")
    { Default = "256MiB", Minimum = MiB, Maximum = 1L << 40 });

    public static ConfigurationOption RecordsRequests { get; } = Add(new ConfigurationOption(
        "requests.record", null, null, OptionKind.Switch,
        "Keeps the last 10 requests of each model and their responses in memory, for keys with the scope admin")
    { Default = "off" });

    public static ConfigurationOption MaxRecordedBytes { get; } = Add(new ConfigurationOption(
        "requests.maxBytes", null, null, OptionKind.Bytes,
        "Limits the memory for recorded requests and responses together; each of them may take a 32nd of it")
    { Default = "16MiB", Minimum = MiB, Maximum = 1L << 30 });

    public static ConfigurationOption Demo { get; } = Add(new ConfigurationOption("demo", null, "--demo", OptionKind.Switch,
        "Serves the two included models tiny-chat and tiny-embed; opens http://localhost:12434 if that port is free and neither a socket "
        + "nor a port is set")
    { NeedsRestart = true, Default = "off" });

    public static ConfigurationOption LlamaServerPath { get; } = Add(new ConfigurationOption(
        "llamaServerPath", "LLAMA_SERVER_PATH", "--llama-server-path", OptionKind.Path,
        "Runs models with this llama-server, or with the llama-server in this folder")
    { NeedsRestart = true, Default = "llama-server in PATH, else the embedded runner" });

    public static ConfigurationOption LlamaArguments { get; } = Add(new ConfigurationOption(
        "llamaArgs", "LLAMA_ARGS", "--llama-args", OptionKind.Arguments,
        "Adds these arguments to each runner that the daemon starts")
    { Default = "none" });

    public static ConfigurationOption KeepAlive { get; } = Add(new ConfigurationOption(
        "keepAlive", null, "--keep-alive", OptionKind.KeepAlive,
        "Stops a runner that has been idle for this time; 0 stops it after each response, -1 never stops it")
    { Default = "5m", Minimum = 0, Maximum = 8760 * Hour });

    public static ConfigurationOption KvCachePersist { get; } = Add(new ConfigurationOption(
        "kvCache.persist", null, "--kv-cache-persist", OptionKind.Switch,
        "Writes the contexts of a llama-server to the state folder before it is stopped, and reads them back after its next load; the files contain "
        + "what prompts said")
    { Default = "off" });

    public static ConfigurationOption KvCacheMaxBytes { get; } = Add(new ConfigurationOption(
        "kvCache.maxBytes", null, null, OptionKind.Bytes,
        "Removes the oldest saved contexts if all of them together are larger than this")
    { Default = "8GiB", Minimum = MiB, Maximum = 1L << 50 });

    public static ConfigurationOption KvCacheTimeout { get; } = Add(new ConfigurationOption(
        "kvCache.timeout", null, null, OptionKind.Duration,
        "Limits the time by which saving contexts delays a stop, and reading them a load")
    { Default = "10s", Minimum = 100, Maximum = 600 * Second });

    public static ConfigurationOption ReloadOnChange { get; } = Add(new ConfigurationOption(
        "reloadOnChange", null, null, OptionKind.Switch,
        "Reads the configuration file again when it was changed; SIGHUP does it in any case")
    { Default = "on" });

    public static ConfigurationOption LogLevel { get; } = Add(new ConfigurationOption(
        "logLevel", "LOG_LEVEL", "--log-level", OptionKind.Level,
        "Logs events of this level and above; of the HTTP server only warnings and errors, or all events at trace")
    { Default = "info" });

    public static ConfigurationOption LogDirectory { get; } = Add(new ConfigurationOption(
        "logDirectory", "MODEL_RUNNER_LOG_DIR", "--log-dir", OptionKind.Path,
        "Also writes the log to files in this folder")
    { NeedsRestart = true, Default = "standard error only" });

    public static ConfigurationOption MetricsDisabled { get; } = Add(new ConfigurationOption(
        "metrics.disabled", "DISABLE_METRICS", "--disable-metrics", OptionKind.Switch,
        "Removes the metrics page and starts runners without metrics")
    { NeedsRestart = true, Default = "off" });

    public static ConfigurationOption MetricsMinInterval { get; } = Add(new ConfigurationOption(
        "metrics.minInterval", null, null, OptionKind.Duration,
        "Reads a runner's page at most once in this time; scrapes in this time share the result; 0 reads it for each scrape")
    { Default = "1s", Minimum = 0, Maximum = Hour });

    public static ConfigurationOption MetricsTimeout { get; } = Add(new ConfigurationOption(
        "metrics.timeout", null, null, OptionKind.Duration,
        "Completes a scrape within this time if the scraper sends no timeout")
    { Default = "5s", Minimum = 100, Maximum = 600 * Second });

    public static ConfigurationOption MetricsMaxBodyBytes { get; } = Add(new ConfigurationOption(
        "metrics.maxBodyBytes", null, null, OptionKind.Bytes,
        "Omits a runner whose page is larger than this after decompression")
    { Default = "16MiB", Minimum = 1024, Maximum = 1024 * MiB });

    public static ConfigurationOption MetricsMaxTotalBodyBytes { get; } = Add(new ConfigurationOption(
        "metrics.maxTotalBodyBytes", null, null, OptionKind.Bytes,
        "Limits the memory for the pages of all runners together; a runner whose page does not fit is omitted")
    { Default = "256MiB", Minimum = MiB, Maximum = 64 * 1024L * MiB });

    public static ConfigurationOption MetricsMaxSamples { get; } = Add(new ConfigurationOption(
        "metrics.maxSamples", null, null, OptionKind.Integer,
        "Omits a runner whose page has more samples than this")
    { Default = "200000", Minimum = 1, Maximum = 10_000_000 });

    public static ConfigurationOption MetricsMaxModels { get; } = Add(new ConfigurationOption(
        "metrics.maxModels", null, null, OptionKind.Integer,
        "Limits the number of models whose requests, loads and processor time are shown by name; the others are added to the model other")
    { NeedsRestart = true, Default = "500", Minimum = 1, Maximum = 10_000 });

    public static ConfigurationOption MaxRunners { get; } = Add(new ConfigurationOption(
        "limits.maxRunners", null, "--max-runners", OptionKind.Integer,
        "Limits the number of runners, including those that start or stop")
    { Default = "8", Minimum = 1, Maximum = 256 });

    public static ConfigurationOption MaxQueuedRequests { get; } = Add(new ConfigurationOption(
        "limits.maxQueuedRequests", null, null, OptionKind.Integer,
        "Limits the number of requests that wait for a runner; further requests are refused")
    { Default = "512", Minimum = 1, Maximum = 100_000 });

    public static ConfigurationOption MaxQueuedPerModel { get; } = Add(new ConfigurationOption(
        "limits.maxQueuedPerModel", null, null, OptionKind.Integer,
        "Limits the number of requests that wait for one model, unless the model has a maxQueued; further requests for it are refused")
    { Default = "half of limits.maxQueuedRequests", Minimum = 1, Maximum = 100_000 });

    public static ConfigurationOption QueueTimeout { get; } = Add(new ConfigurationOption(
        "limits.queueTimeout", null, null, OptionKind.Duration,
        "Refuses a request that has waited this long for a runner, unless its model has a queueTimeout")
    { Default = "5m", Minimum = Second, Maximum = 24 * Hour });

    public static ConfigurationOption SwapDelay { get; } = Add(new ConfigurationOption(
        "limits.swapDelay", null, null, OptionKind.Duration,
        "Lets a loaded model accept requests for this time while another model waits for its room")
    { Default = "5s", Minimum = 0, Maximum = Hour });

    public static ConfigurationOption SwapRequests { get; } = Add(new ConfigurationOption(
        "limits.swapRequests", null, null, OptionKind.Integer,
        "Limits the requests that a loaded model accepts while another model waits for its room")
    { Default = "32", Minimum = 0, Maximum = 100_000 });

    public static ConfigurationOption MinStay { get; } = Add(new ConfigurationOption(
        "limits.minStay", null, null, OptionKind.Duration,
        "Keeps a model loaded for as long as its load took, but at most for this time, while another model waits for its room")
    { Default = "30s", Minimum = 0, Maximum = Hour });

    public static ConfigurationOption BackgroundDelay { get; } = Add(new ConfigurationOption(
        "limits.backgroundDelay", null, null, OptionKind.Duration,
        "Lets interactive requests that arrive within this time after a background request go first")
    { Default = "1m", Minimum = 0, Maximum = Hour });

    public static ConfigurationOption LoadTimeout { get; } = Add(new ConfigurationOption(
        "limits.loadTimeout", null, null, OptionKind.Duration,
        "Stops a runner that is not ready this long after its start")
    { Default = "10m", Minimum = Second, Maximum = 24 * Hour });

    public static ConfigurationOption StallTimeout { get; } = Add(new ConfigurationOption(
        "limits.stallTimeout", null, null, OptionKind.Duration,
        "Reports a runner whose requests have made no progress for this time: it sent no byte, and no counter of it moved; 0 never does")
    { Default = "5m", Minimum = 0, Maximum = 24 * Hour });

    public static ConfigurationOption RestartStalled { get; } = Add(new ConfigurationOption(
        "limits.restartStalled", null, null, OptionKind.Switch,
        "Stops a runner that is reported because of limits.stallTimeout; its requests get an error, and the next request starts it again")
    { Default = "off" });

    public static ConfigurationOption StopGrace { get; } = Add(new ConfigurationOption("limits.stopGrace", null, null, OptionKind.Duration,
        "Kills a runner that has not ended this long after SIGTERM")
    { Default = "5s", Minimum = 0, Maximum = 600 * Second });

    public static ConfigurationOption DrainTimeout { get; } = Add(new ConfigurationOption(
        "limits.drainTimeout", null, null, OptionKind.Duration,
        "Lets requests continue for this long when the daemon ends or their model is unloaded")
    { Default = "30s", Minimum = 0, Maximum = Hour });

    public static ConfigurationOption Memory { get; } = Add(new ConfigurationOption("limits.memory", null, "--memory", OptionKind.Bytes,
        "Limits the memory of all runners together, as estimated before each start")
    { Default = "the free memory of the machine or its control group", Minimum = 16 * MiB, Maximum = 1L << 50 });

    public static ConfigurationOption MemoryLimit { get; } = Add(new ConfigurationOption("limits.memoryLimit", null, null, OptionKind.Bytes,
        "Lets the kernel end a runner that needs more memory than this; memoryLimit of a model replaces it")
    { Default = "no limit", Minimum = MinMemoryLimit, Maximum = MaxMemoryLimit });

    public static ConfigurationOption CpuSet { get; } = Add(new ConfigurationOption("limits.cpuSet", null, null, OptionKind.Processors,
        "Lets runners use only these processors; cpuSet of a model replaces it")
    { Default = "all that the daemon may use" });

    public static ConfigurationOption MaxConnections { get; } = Add(new ConfigurationOption(
        "limits.maxConnections", null, null, OptionKind.Integer,
        "Limits the number of client connections; a connection above the limit replaces the one that has been idle longest; if none is "
        + "idle, the new connection can only request /health, /metrics, /version and /")
    { NeedsRestart = true, Default = "1024", Minimum = 8, Maximum = 65535 });

    public static ConfigurationOption MaxBodyMemory { get; } = Add(new ConfigurationOption(
        "limits.maxBodyMemory", null, null, OptionKind.Bytes,
        "Limits the memory for all request bodies together; above the limit, requests wait, and after one minute they are refused")
    { NeedsRestart = true, Default = "256MiB, or a quarter of the memory that the process may use if that is less", Minimum = 1 * MiB, Maximum = 1L << 40 });

    private static ConfigurationOption Add(ConfigurationOption option)
    {
        Options.Add(option);
        return option;
    }
}
