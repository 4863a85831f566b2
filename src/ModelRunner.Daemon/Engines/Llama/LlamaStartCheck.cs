using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Engines.Llama;

/// <summary>Checks the arguments that the user added against the help of the engine that will get them: the default engine, or a build.</summary>
internal static class LlamaStartCheck
{
    /// <summary>Completes the settings with the arguments that each engine knows, and reports the arguments that it does not know.</summary>
    public static async Task<DaemonSettings> RunAsync(
        SettingsOutcome outcome, List<ConfigurationProblem> problems, CancellationToken cancellationToken)
    {
        string place = outcome.Written.Find(ConfigurationCatalog.LlamaArguments)?.Key ?? "LLAMA_ARGS";
        DaemonSettings settings = outcome.Draft;
        settings = settings with { Runners = settings.Runners with { Programs = ReadStamps(settings.Runners) } };
        string? program = settings.Runners.LlamaServerPath ?? settings.Runners.LlamaHostPath;
        Task<(EngineFlags? Flags, IReadOnlyList<EngineDevice> Devices)> asking =
            AskAsync(settings, build: null, program, settings.Runners.LlamaServerPath is not null, cancellationToken);
        (LlamaBuild Build, Task<(EngineFlags? Flags, IReadOnlyList<EngineDevice> Devices)> Asking)[] builds =
        [
            .. settings.Runners.Builds.Values.Select(build => (build, AskAsync(settings, build.Name, build.Path, isServer: true, cancellationToken))),
        ];

        (EngineFlags? flagsOfDefault, IReadOnlyList<EngineDevice> devices) = await asking;
        settings = settings with { Runners = settings.Runners with { EngineFlags = flagsOfDefault, EngineDevices = devices } };
        if (program is not null)
            settings = CheckDefault(settings, place, problems);
        var asked = new Dictionary<string, LlamaBuild>(StringComparer.Ordinal);
        foreach ((LlamaBuild build, Task<(EngineFlags? Flags, IReadOnlyList<EngineDevice> Devices)> askingBuild) in builds)
        {
            (EngineFlags? ofBuild, IReadOnlyList<EngineDevice> devicesOfBuild) = await askingBuild;
            asked.Add(build.Name, build with { Flags = ofBuild, Devices = devicesOfBuild });
            if (ofBuild is { } known)
                problems.AddRange(EngineArgumentCheck.FindUnknown(settings, known, place, build.Name));
            else if (build.Path.Length > 0 && EngineArgumentCheck.IsNeeded(settings, build.Name))
                settings = Warn(settings, $"{build.Path} printed no usable help for --help, so the arguments for engine {build.Name} are not checked.");
        }

        return settings with { Runners = settings.Runners with { Builds = asked } };
    }

    private static Dictionary<string, FileStamp> ReadStamps(RunnerSettings runners) =>
        runners.Builds.Values.Select(static build => build.Path).Append(runners.LlamaServerPath).Where(static path => !string.IsNullOrEmpty(path))
            .Distinct(StringComparer.Ordinal).ToDictionary(static path => path!, static path => FileStamp.Of(path!), StringComparer.Ordinal);

    // The help also tells the level of the log at which llama-server names the layers that are on a graphics card, and whether it can save
    // contexts.
    private static async Task<(EngineFlags? Flags, IReadOnlyList<EngineDevice> Devices)> AskAsync(
        DaemonSettings settings, string? build, string? program, bool isServer, CancellationToken cancellationToken)
    {
        bool isNeeded = EngineArgumentCheck.IsNeeded(settings, build) || (isServer && (GraphicsCards.AreHere || settings.Runners.KvCache.Persist));
        if (string.IsNullOrEmpty(program) || !isNeeded)
            return (null, []);

        EngineFlags? flags = await EngineHelp.ReadAsync(program, EngineHelp.DefaultPatience, cancellationToken);
        return (flags, isServer && flags?.Known.Contains(DeviceList.Argument) is true
            ? await DeviceList.ReadAsync(program, EngineHelp.DefaultPatience, cancellationToken)
            : []);
    }

    private static DaemonSettings CheckDefault(DaemonSettings settings, string place, List<ConfigurationProblem> problems)
    {
        EngineFlags? flags = settings.Runners.EngineFlags;
        if (!EngineArgumentCheck.IsNeeded(settings))
            return settings;
        if (settings.Runners.LlamaServerPath is null)
        {
            return flags is not null && EngineArgumentCheck.ListUnknown(settings, flags) is { Count: > 0 } unknown
                ? Warn(settings, $"The embedded llama-host does not know these arguments, which are left out: {string.Join(", ", unknown)}. "
                    + "Install llama.cpp or set LLAMA_SERVER_PATH to use them.")
                : settings;
        }

        if (flags is null)
            return Warn(settings, "llama-server printed no usable help for --help, so the added arguments are not checked.");
        problems.AddRange(EngineArgumentCheck.FindUnknown(settings, flags, place));
        return settings;
    }

    private static DaemonSettings Warn(DaemonSettings settings, string warning) => settings with { Warnings = [.. settings.Warnings, warning] };
}
