using System.Net;

namespace ModelRunner.Configuration;

/// <summary>Makes settings from the user's options: flags override the environment, which overrides the file, which overrides the defaults.</summary>
internal static class SettingsResolver
{
    /// <summary>
    /// Resolves and checks all options. Reads the configuration file and looks for the engines, and changes nothing. All problems are found at
    /// once.
    /// </summary>
    /// <param name="options">The options as the user wrote them.</param>
    /// <param name="running">The settings of the daemon that runs, at a reload; its values stay for options that need a restart.</param>
    public static SettingsOutcome Resolve(DaemonOptions options, DaemonSettings? running = null)
    {
        var problems = new List<ConfigurationProblem>();
        ConfigurationFile file = ConfigurationFile.Read(options, problems);
        if (running is { HasFile: true } && file == ConfigurationFile.None && problems.Count == 0)
        {
            problems.Add(new ConfigurationProblem(
                ConfigurationFile.DefaultName, null, "does not exist any more", "restore it, or restart the daemon to run without it"));
        }

        var reader = new OptionReader(new WrittenOptions(options, file), problems);

        ListenSettings listen = ListenResolver.Resolve(reader);
        bool isDemo = reader.Switch(ConfigurationCatalog.Demo);
        if (isDemo && listen.Tcp is null && !reader.IsWritten(ConfigurationCatalog.Socket))
            listen = listen with { Tcp = new IPEndPoint(IPAddress.Loopback, ListenSettings.DemoPort), IsTcpOptional = true };
        string? apiKey = reader.Secret(ConfigurationCatalog.ApiKey);
        bool isInsecure = reader.Switch(ConfigurationCatalog.Insecure);
        string? statePath = StatePath(reader);
        string? writtenKeysFile = KeysFile.Locate(reader, statePath);
        string? keysFile = running is null ? writtenKeysFile : running.KeysFilePath;
        IReadOnlyList<KeySettings> keys = KeysSection.Resolve(file, apiKey, reader);
        KeysFileContent? keysOfFile = keysFile is null ? KeysFileContent.None : KeysFile.Read(keysFile, options, keys, apiKey, problems);
        string writtenModelsPath = reader.Path(ConfigurationCatalog.ModelsPath) ?? DefaultModelsPath(options);
        string modelsPath = running?.ModelsPath ?? writtenModelsPath;
        IReadOnlyDictionary<string, EngineSettings> engines = EnginesSection.Resolve(file, reader);
        IReadOnlyDictionary<string, LlamaBuild> builds = LlamaBuildReader.Resolve(file, reader);

        var settings = new DaemonSettings
        {
            Listen = listen,
            ApiKey = apiKey,
            IsApiKeyInFile = reader.Written.Find(ConfigurationCatalog.ApiKey) is { Source: OptionSource.File },
            Keys = keys,
            KeysFilePath = keysFile,
            IsKeysFileNamed = reader.IsWritten(ConfigurationCatalog.KeysFile),
            KeysFile = keysOfFile ?? KeysFileContent.None,
            HasKeysSection = file.Keys is not null,
            IsInsecure = isInsecure,
            Origins = OriginList.Resolve(reader),
            AllowedHosts = HostList.Resolve(reader),
            MaxConnections = reader.Integer(ConfigurationCatalog.MaxConnections),
            MaxBodyMemoryBytes = reader.BytesOrNull(ConfigurationCatalog.MaxBodyMemory),
            RecordsRequests = reader.Switch(ConfigurationCatalog.RecordsRequests),
            MaxRecordedBytes = reader.Bytes(ConfigurationCatalog.MaxRecordedBytes),
            Warnings = [.. ServiceLink.Warn(options), .. WarnOfRecording(reader)],
            HomePath = PathText.Home(options),
            ModelsPath = modelsPath,
            IsDefaultModelsPath = !reader.IsWritten(ConfigurationCatalog.ModelsPath),
            Sources = SourceResolver.Resolve(reader, modelsPath, running is null ? isDemo : running.DemoModelsPath is not null),
            DemoModelsPath = isDemo ? Path.Join(options.BaseDirectory, "models") : null,
            Engines = engines,
            Models = ModelsSection.Resolve(file, reader, modelsPath, engines, builds),
            AttachedRunners = RunnersSection.Resolve(file, options, problems),
            Runners = ResolveRunners(reader, running is null ? statePath : running.Ledger.StatePath) with { Builds = builds },
            Metrics = ResolveMetrics(reader),
            Ledger = ResolveLedger(reader, statePath),
            Downloads = DownloadResolver.Resolve(reader),
            ReloadOnChange = reader.Switch(ConfigurationCatalog.ReloadOnChange),
            LogLevel = reader.Level(ConfigurationCatalog.LogLevel),
            LogDirectory = reader.Path(ConfigurationCatalog.LogDirectory),
            HasFile = file != ConfigurationFile.None,
        };
        DaemonSettings result = running is null ? settings : settings.KeepUntilRestart(running);

        // A keys file that cannot be read is a problem already.
        if (keysOfFile is not null)
            CheckExposure(settings, running is null ? null : result, reader);
        return new SettingsOutcome(result, reader.Written, problems);
    }

    // A running daemon listens on its old addresses, and reads the keys file of its start, until it is restarted.
    private static void CheckExposure(DaemonSettings written, DaemonSettings? untilRestart, OptionReader reader)
    {
        int before = reader.Problems.Count;
        if (untilRestart is not null)
            ListenResolver.CheckExposure(untilRestart.Listen, untilRestart.RequiresKey, untilRestart.IsInsecure, reader);
        if (reader.Problems.Count == before)
            ListenResolver.CheckExposure(written.Listen, written.RequiresKey, written.IsInsecure, reader);
    }

    private static IEnumerable<string> WarnOfRecording(OptionReader reader)
    {
        if (reader.IsOn(ConfigurationCatalog.RecordsRequests))
            yield return "requests.record is on: clients with the scope admin can read the last prompts and responses of everyone.";
    }

    private static RunnerSettings ResolveRunners(OptionReader reader, string? statePath) => new()
    {
        LlamaServerPath = EngineLookup.FindLlamaServer(reader),
        LlamaHostPath = EngineLookup.FindLlamaHost(reader.Options),
        ExtraArguments = LlamaArguments.Resolve(reader),
        KeepAlive = reader.KeepAlive(ConfigurationCatalog.KeepAlive),
        MaxRunners = reader.Integer(ConfigurationCatalog.MaxRunners),
        MaxQueuedRequests = reader.Integer(ConfigurationCatalog.MaxQueuedRequests),
        MaxQueuedPerModel = reader.IntegerOrNull(ConfigurationCatalog.MaxQueuedPerModel),
        QueueTimeout = reader.Duration(ConfigurationCatalog.QueueTimeout),
        SwapDelay = reader.Duration(ConfigurationCatalog.SwapDelay),
        SwapRequests = reader.Integer(ConfigurationCatalog.SwapRequests),
        MinStay = reader.Duration(ConfigurationCatalog.MinStay),
        BackgroundDelay = reader.Duration(ConfigurationCatalog.BackgroundDelay),
        LoadTimeout = reader.Duration(ConfigurationCatalog.LoadTimeout),
        StallTimeout = reader.Duration(ConfigurationCatalog.StallTimeout),
        RestartStalled = reader.Switch(ConfigurationCatalog.RestartStalled),
        StopGrace = reader.Duration(ConfigurationCatalog.StopGrace),
        DrainTimeout = reader.Duration(ConfigurationCatalog.DrainTimeout),
        KvCache = KvCacheSettings.Resolve(reader, statePath),
        MemoryLimitBytes = reader.BytesOrNull(ConfigurationCatalog.MemoryLimit),
        CpuSet = reader.Processors(ConfigurationCatalog.CpuSet),
        MemoryBudgetBytes = reader.BytesOrNull(ConfigurationCatalog.Memory),
    };

    private static MetricsSettings ResolveMetrics(OptionReader reader) => new()
    {
        Enabled = !reader.Switch(ConfigurationCatalog.MetricsDisabled),
        MinInterval = reader.Duration(ConfigurationCatalog.MetricsMinInterval),
        Timeout = reader.Duration(ConfigurationCatalog.MetricsTimeout),
        MaxBodyBytes = (int)reader.Bytes(ConfigurationCatalog.MetricsMaxBodyBytes),
        MaxTotalBodyBytes = reader.Bytes(ConfigurationCatalog.MetricsMaxTotalBodyBytes),
        MaxSamples = reader.Integer(ConfigurationCatalog.MetricsMaxSamples),
        MaxModels = reader.Integer(ConfigurationCatalog.MetricsMaxModels),
    };

    private static LedgerSettings ResolveLedger(OptionReader reader, string? statePath) => new()
    {
        StatePath = statePath,
        MaxAge = reader.Duration(ConfigurationCatalog.LedgerMaxAge),
        MaxBytes = reader.Bytes(ConfigurationCatalog.LedgerMaxBytes),
    };

    /// <summary>The absolute path of the state folder; null: the daemon has none.</summary>
    public static string? StatePath(OptionReader reader)
    {
        if (reader.Written.Find(ConfigurationCatalog.StatePath) is { } written)
            return written.Text == "none" ? null : reader.Path(ConfigurationCatalog.StatePath);
        return reader.IsOn(ConfigurationCatalog.Demo) ? null : DefaultPath(reader.Options, "XDG_STATE_HOME", "state");
    }

    private static string DefaultModelsPath(DaemonOptions options) =>
        Path.Join(DefaultPath(options, "XDG_DATA_HOME", "share"), "models");

    // XDG: a relative path in the variable counts as unset.
    private static string DefaultPath(DaemonOptions options, string variable, string folder)
    {
        string parent = options.Variable(variable) is { } set && Path.IsPathRooted(set)
            ? set
            : Path.Join(PathText.Home(options), ".local", folder);
        return Path.Join(parent, "model-runner");
    }
}
