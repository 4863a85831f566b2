using ModelRunner.Daemon.Cli;
using ModelRunner.Daemon.Configuration;
using ModelRunner.Daemon.Diagnostics;

namespace ModelRunner.Daemon.Hosting;

/// <summary>Runs the daemon from what the user wrote to the exit code.</summary>
internal static class DaemonHost
{
    /// <summary>Runs until it is told to end.</summary>
    /// <returns>0 after an orderly end, 1 where it could not listen, 2 where the configuration is wrong.</returns>
    public static async Task<int> RunAsync(DaemonOptions options, CancellationToken cancellationToken)
    {
        CrashReport.Install();
        try
        {
            SettingsOutcome outcome = SettingsResolver.Resolve(options);
            foreach (ConfigurationProblem problem in outcome.Problems)
                ProcessLog.Say(problem.ToString());
            return outcome.Settings is { } settings ? await RunAsync(settings, cancellationToken) : ExitCode.Usage;
        }
        finally
        {
            ProcessLog.Flush();
        }
    }

    private static async Task<int> RunAsync(DaemonSettings settings, CancellationToken cancellationToken)
    {
        (settings, IReadOnlyList<ConfigurationProblem> clashes) = await StartCheck.RunAsync(settings, cancellationToken);
        foreach (ConfigurationProblem problem in clashes)
            ProcessLog.Say(problem.ToString());
        if (clashes.Count > 0)
            return ExitCode.Usage;

        DaemonApplication? daemon = null;
        void EndAtOnce(int exitCode)
        {
            daemon?.Abandon();
            ProcessLog.Flush();
            Environment.Exit(exitCode);
        }

        using var signals = new ShutdownSignals(EndAtOnce, () => daemon?.NoteHangup(), cancellationToken);
        try
        {
            daemon = await DaemonApplication.StartAsync(settings, TimeProvider.System, cancellationToken);
            await signals.Asked;
            await daemon.DisposeAsync();
            return ExitCode.Success;
        }
        catch (ListenException failure)
        {
            ProcessLog.Say(failure.Message);
            return ExitCode.Failure;
        }
        catch (Exception failure) when (daemon is null && failure is IOException or UnauthorizedAccessException)
        {
            ProcessLog.Say($"cannot start: {failure.Message}");
            return ExitCode.Failure;
        }
    }
}
