using System.Net;
using Microsoft.Extensions.Logging;

namespace ModelRunner.Configuration;

/// <summary>Makes settings from the user's options: flags override the environment, which overrides the file, which overrides the defaults.</summary>
internal static class SettingsResolver
{
    /// <summary>
    /// Resolves and checks all options. Reads the configuration file and looks for the engines, and changes nothing; call it once at start.
    /// All problems are found at once.
    /// </summary>
    public static SettingsOutcome Resolve(DaemonOptions options)
    {
        var problems = new List<ConfigurationProblem>();
        ConfigurationFile file = ConfigurationFile.Read(options, problems);
        var reader = new OptionReader(new WrittenOptions(options, file), problems);

        ListenSettings listen = ListenResolver.Resolve(reader);
        bool isDemo = reader.Switch(ConfigurationCatalog.Demo);
        if (isDemo && listen.Tcp is null && !reader.IsWritten(ConfigurationCatalog.Socket))
            listen = listen with { Tcp = new IPEndPoint(IPAddress.Loopback, ListenSettings.DemoPort), IsTcpOptional = true };
        string? apiKey = reader.Secret(ConfigurationCatalog.ApiKey);
        bool isInsecure = reader.Switch(ConfigurationCatalog.Insecure);
        ListenResolver.CheckExposure(listen, apiKey, isInsecure, reader);
        string modelsPath = reader.Path(ConfigurationCatalog.ModelsPath) ?? DefaultModelsPath(options);

        var settings = new DaemonSettings
        {
            Listen = listen,
            ApiKey = apiKey,
            IsInsecure = isInsecure,
            Origins = OriginList.Resolve(reader),
            AllowedHosts = HostList.Resolve(reader),
            MaxConnections = reader.Integer(ConfigurationCatalog.MaxConnections, 1024),
            MaxBodyMemoryBytes = reader.Bytes(ConfigurationCatalog.MaxBodyMemory, 0) is > 0 and var bytes ? bytes : null,
            Warnings = ServiceLink.Warn(options),
            HomePath = PathText.Home(options),
            ModelsPath = modelsPath,
            IsDefaultModelsPath = !reader.IsWritten(ConfigurationCatalog.ModelsPath),
            DemoModelsPath = isDemo ? Path.Join(options.BaseDirectory, "models") : null,
            Models = ModelsSection.Resolve(file, reader, modelsPath),
            AttachedRunners = RunnersSection.Resolve(file, options, problems),
            Runners = ResolveRunners(reader),
            Metrics = ResolveMetrics(reader),
            LogLevel = reader.Level(ConfigurationCatalog.LogLevel, LogLevel.Information),
            LogDirectory = reader.Path(ConfigurationCatalog.LogDirectory),
        };
        return new SettingsOutcome(settings, reader.Written, problems);
    }

    private static RunnerSettings ResolveRunners(OptionReader reader)
    {
        var defaults = new RunnerSettings();
        long memory = reader.Bytes(ConfigurationCatalog.Memory, 0);
        return new RunnerSettings
        {
            LlamaServerPath = EngineLookup.FindLlamaServer(reader),
            LlamaHostPath = EngineLookup.FindLlamaHost(reader.Options),
            ExtraArguments = LlamaArguments.Resolve(reader),
            KeepAlive = reader.KeepAlive(ConfigurationCatalog.KeepAlive, defaults.KeepAlive),
            MaxRunners = reader.Integer(ConfigurationCatalog.MaxRunners, defaults.MaxRunners),
            MaxQueuedRequests = reader.Integer(ConfigurationCatalog.MaxQueuedRequests, defaults.MaxQueuedRequests),
            QueueTimeout = reader.Duration(ConfigurationCatalog.QueueTimeout, defaults.QueueTimeout),
            LoadTimeout = reader.Duration(ConfigurationCatalog.LoadTimeout, defaults.LoadTimeout),
            StopGrace = reader.Duration(ConfigurationCatalog.StopGrace, defaults.StopGrace),
            DrainTimeout = reader.Duration(ConfigurationCatalog.DrainTimeout, defaults.DrainTimeout),
            MemoryBudgetBytes = memory == 0 ? null : memory,
        };
    }

    private static MetricsSettings ResolveMetrics(OptionReader reader)
    {
        var defaults = new MetricsSettings();
        return new MetricsSettings
        {
            Enabled = !reader.Switch(ConfigurationCatalog.MetricsDisabled),
            MinInterval = reader.Duration(ConfigurationCatalog.MetricsMinInterval, defaults.MinInterval),
            Timeout = reader.Duration(ConfigurationCatalog.MetricsTimeout, defaults.Timeout),
            MaxBodyBytes = (int)reader.Bytes(ConfigurationCatalog.MetricsMaxBodyBytes, defaults.MaxBodyBytes),
            MaxTotalBodyBytes = reader.Bytes(ConfigurationCatalog.MetricsMaxTotalBodyBytes, defaults.MaxTotalBodyBytes),
            MaxSamples = reader.Integer(ConfigurationCatalog.MetricsMaxSamples, defaults.MaxSamples),
        };
    }

    // XDG: a relative XDG_DATA_HOME counts as unset.
    private static string DefaultModelsPath(DaemonOptions options)
    {
        string data = options.Variable("XDG_DATA_HOME") is { } set && Path.IsPathRooted(set)
            ? set
            : Path.Join(PathText.Home(options), ".local", "share");
        return Path.Join(data, "model-runner", "models");
    }
}
