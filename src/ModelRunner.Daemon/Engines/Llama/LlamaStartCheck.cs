using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Engines.Llama;

/// <summary>Checks the arguments that the user added for llama-server or llama-host against the engine's own help.</summary>
internal static class LlamaStartCheck
{
    /// <summary>Completes the settings with the arguments that the engine knows, and reports the arguments that it does not know.</summary>
    public static async Task<DaemonSettings> RunAsync(
        SettingsOutcome outcome, List<ConfigurationProblem> problems, CancellationToken cancellationToken)
    {
        DaemonSettings settings = await AskEngineAsync(outcome.Draft, cancellationToken);
        if (settings.Runners is { LlamaServerPath: not null, EngineFlags: { } flags })
        {
            string place = outcome.Written.Find(ConfigurationCatalog.LlamaArguments)?.Key ?? "LLAMA_ARGS";
            problems.AddRange(EngineArgumentCheck.FindUnknown(settings, flags, place));
        }

        return settings;
    }

    private static async Task<DaemonSettings> AskEngineAsync(DaemonSettings settings, CancellationToken cancellationToken)
    {
        string? engine = settings.Runners.LlamaServerPath ?? settings.Runners.LlamaHostPath;
        bool hasArguments = EngineArgumentCheck.IsNeeded(settings);

        // The help also tells the level of the log at which llama-server names the layers that are on a graphics card.
        if (engine is null || !(hasArguments || (settings.Runners.LlamaServerPath is not null && GraphicsCards.AreHere)))
            return settings;

        EngineFlags? flags = await EngineHelp.ReadAsync(engine, EngineHelp.DefaultPatience, cancellationToken);
        settings = settings with { Runners = settings.Runners with { EngineFlags = flags } };
        return hasArguments && DescribeOdd(settings, flags) is { } warning ? settings with { Warnings = [.. settings.Warnings, warning] } : settings;
    }

    private static string? DescribeOdd(DaemonSettings settings, EngineFlags? flags)
    {
        if (settings.Runners.LlamaServerPath is not null)
            return flags is null ? "llama-server printed no usable help for --help, so the added arguments are not checked." : null;

        return flags is not null && EngineArgumentCheck.ListUnknown(settings, flags) is { Count: > 0 } unknown
            ? $"The embedded llama-host does not know these arguments, which are left out: {string.Join(", ", unknown)}. "
                + "Install llama.cpp or set LLAMA_SERVER_PATH to use them."
            : null;
    }
}
