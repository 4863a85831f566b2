using ModelRunner.Configuration;
using ModelRunner.Daemon.Diagnostics;
using ModelRunner.Daemon.Engines.Llama;
using ModelRunner.Daemon.Models;

namespace ModelRunner.Daemon.Hosting;

/// <summary>Checks of the configuration that need the machine: the engine's help, the model store and the log folder.</summary>
internal static class StartCheck
{
    /// <summary>Completes the settings with the arguments that the engine knows, or reports problems.</summary>
    /// Also runs if there are problems already, so that the user sees all of them at once.
    public static async Task<(DaemonSettings Settings, IReadOnlyList<ConfigurationProblem> Problems)> RunAsync(
        SettingsOutcome outcome, CancellationToken cancellationToken)
    {
        var problems = new List<ConfigurationProblem>();
        DaemonSettings settings = await AskEngineAsync(outcome.Draft, cancellationToken);
        if (settings.Runners is { LlamaServerPath: not null, EngineFlags: { } flags })
        {
            string place = outcome.Written.Find(ConfigurationCatalog.LlamaArguments)?.Key ?? "LLAMA_ARGS";
            problems.AddRange(EngineArgumentCheck.FindUnknown(settings, flags, place));
        }

        // The store is read only if an alias could clash with one of its models.
        if (settings.Models.Values.Any(static model => model.Aliases.Count > 0))
            problems.AddRange((await new ModelCatalog(settings, TimeProvider.System).FindAliasClashesAsync(cancellationToken)).Select(Describe));
        if (settings.LogDirectory is { } folder && FindLogProblem(folder) is { } reason)
        {
            WrittenValue written = outcome.Written.Find(ConfigurationCatalog.LogDirectory)!;
            problems.Add(new ConfigurationProblem(written.Key, written.Text, reason, "name a folder that this user may write to, or leave it out"));
        }

        return (settings, problems);
    }

    // Only creating the file shows whether it can be created.
    private static string? FindLogProblem(string folder)
    {
        try
        {
            new FileLogTarget(folder).Dispose();
            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return $"cannot hold the log: {failure.Message.TrimEnd('.')}";
        }
    }

    private static async Task<DaemonSettings> AskEngineAsync(DaemonSettings settings, CancellationToken cancellationToken)
    {
        string? engine = settings.Runners.LlamaServerPath ?? settings.Runners.LlamaHostPath;
        if (engine is null || !EngineArgumentCheck.IsNeeded(settings))
            return settings;

        EngineFlags? flags = await EngineHelp.ReadAsync(engine, EngineHelp.DefaultPatience, cancellationToken);
        settings = settings with { Runners = settings.Runners with { EngineFlags = flags } };
        return DescribeOdd(settings, flags) is { } warning ? settings with { Warnings = [.. settings.Warnings, warning] } : settings;
    }

    private static string? DescribeOdd(DaemonSettings settings, EngineFlags? flags)
    {
        if (settings.Runners.LlamaServerPath is not null)
            return flags is null ? "llama-server gave no usable answer to --help, so that added arguments are not checked." : null;

        return flags is not null && EngineArgumentCheck.ListUnknown(settings, flags) is { Count: > 0 } unknown
            ? $"The embedded llama-host does not know these arguments, which are left out: {string.Join(", ", unknown)}. "
                + "Install llama.cpp or set LLAMA_SERVER_PATH to use them."
            : null;
    }

    private static ConfigurationProblem Describe(AliasClash clash) => new(
        $"models.{clash.Owner}.aliases", clash.Alias,
        $"is also the name of {(clash.FileName is null ? "another model" : $"the file {clash.FileName}")}, which it would hide",
        "choose another alias, or rename the file");
}
