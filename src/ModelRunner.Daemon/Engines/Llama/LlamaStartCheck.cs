using System.Globalization;
using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Engines.Llama;

/// <summary>Checks the arguments that the user added against the help of the engine that will get them: the default engine, or a build.</summary>
internal static class LlamaStartCheck
{
    /// <summary>Completes the settings with the arguments that each engine knows, and reports the arguments that it does not know.</summary>
    /// <param name="outcome">The settings.</param>
    /// <param name="overrides">What clients have changed. The engine must be asked for these changes too.</param>
    /// <param name="problems">Gets the problems.</param>
    /// <param name="patience">How long an engine may take for one answer.</param>
    /// <param name="cancellationToken">Ends the check.</param>
    public static async Task<DaemonSettings> RunAsync(
        SettingsOutcome outcome, IReadOnlyDictionary<string, ModelOverride> overrides, List<ConfigurationProblem> problems, TimeSpan patience,
        CancellationToken cancellationToken)
    {
        string place = outcome.Written.Find(ConfigurationCatalog.LlamaArguments)?.Key ?? "LLAMA_ARGS";
        DaemonSettings settings = outcome.Draft;
        settings = settings with { Runners = settings.Runners with { Programs = ReadStamps(settings.Runners) } };
        DaemonSettings used = settings.With(overrides, flags: null);
        string? program = settings.Runners.LlamaServerPath ?? settings.Runners.LlamaHostPath;
        Task<EngineAnswer> asking =
            AskAsync(used, build: null, program, settings.Runners.LlamaServerPath is not null, patience, cancellationToken);
        (LlamaBuild Build, Task<EngineAnswer> Asking)[] builds =
        [
            .. settings.Runners.Builds.Values.Select(build => (build, AskAsync(used, build.Name, build.Path, isServer: true, patience, cancellationToken))),
        ];

        EngineAnswer own = await asking;
        settings = settings with { Runners = settings.Runners with { EngineFlags = own.Flags, EngineDevices = own.Devices, HasLateEngine = own.IsLate } };
        if (own.IsLate)
            settings = WarnLate(settings, program!, own, patience);
        if (program is not null && own is { IsLate: false } or { Flags: not null })
            settings = CheckDefault(settings, place, problems);
        var asked = new Dictionary<string, LlamaBuild>(StringComparer.Ordinal);
        foreach ((LlamaBuild build, Task<EngineAnswer> askingBuild) in builds)
        {
            EngineAnswer answer = await askingBuild;
            asked.Add(build.Name, build with { Flags = answer.Flags, Devices = answer.Devices });
            if (answer.IsLate)
                settings = WarnLate(settings, build.Path, answer, patience) with { Runners = settings.Runners with { HasLateEngine = true } };
            if (answer.Flags is { } known)
                problems.AddRange(EngineArgumentCheck.FindUnknown(settings, known, place, build.Name));
            else if (!answer.IsLate && build.Path.Length > 0 && EngineArgumentCheck.IsNeeded(settings, build.Name))
                settings = Warn(settings, $"{build.Path} printed no usable help for --help, so the arguments for engine {build.Name} are not checked.");
        }

        return settings with { Runners = settings.Runners with { Builds = asked } };
    }

    private static Dictionary<string, FileStamp> ReadStamps(RunnerSettings runners) =>
        runners.Builds.Values.Select(static build => build.Path).Append(runners.LlamaServerPath).Where(static path => !string.IsNullOrEmpty(path))
            .Distinct(StringComparer.Ordinal).ToDictionary(static path => path!, static path => FileStamp.Of(path!), StringComparer.Ordinal);

    // The help also tells the level of the log at which llama-server names the layers that are on a graphics card, and whether it can save
    // contexts.
    private static async Task<EngineAnswer> AskAsync(
        DaemonSettings settings, string? build, string? program, bool isServer, TimeSpan patience, CancellationToken cancellationToken)
    {
        bool isNeeded = EngineArgumentCheck.IsNeeded(settings, build) || (isServer && (GraphicsCards.AreHere || settings.Runners.KvCache.Persist));
        if (string.IsNullOrEmpty(program) || !isNeeded)
            return new EngineAnswer(null, [], IsLate: false);

        (EngineFlags? flags, bool isLate) = await EngineHelp.AskAsync(program, patience, cancellationToken);
        if (!isServer || flags?.Known.Contains(DeviceList.Argument) is not true)
            return new EngineAnswer(flags, [], isLate);
        (IReadOnlyList<EngineDevice> devices, bool areLate) = await DeviceList.AskAsync(program, patience, cancellationToken);
        return new EngineAnswer(flags, devices, areLate);
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

    private static DaemonSettings WarnLate(DaemonSettings settings, string program, EngineAnswer answer, TimeSpan patience)
    {
        string seconds = patience.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);
        return Warn(settings, answer.Flags is null
            ? $"{program} did not say within {seconds} s what it can do, so it may not be usable; its arguments are not checked."
            : $"{program} did not list its graphics cards within {seconds} s, so their memory is not planned.");
    }

    private static DaemonSettings Warn(DaemonSettings settings, string warning) => settings with { Warnings = [.. settings.Warnings, warning] };
}
