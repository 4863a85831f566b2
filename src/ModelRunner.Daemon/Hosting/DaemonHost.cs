using ModelRunner.Daemon.Cli;
using ModelRunner.Daemon.Configuration;

namespace ModelRunner.Daemon.Hosting;

/// <summary>Runs the daemon from what the user wrote to the exit code.</summary>
internal static class DaemonHost
{
    /// <summary>Runs until it is told to end.</summary>
    /// <returns>0 after an orderly end, 1 where it could not listen, 2 where the configuration is wrong.</returns>
    public static async Task<int> RunAsync(DaemonOptions options, CancellationToken cancellationToken)
    {
        SettingsOutcome outcome = SettingsResolver.Resolve(options);
        foreach (ConfigurationProblem problem in outcome.Problems)
            Complain(problem.ToString());
        if (outcome.Settings is not { } settings)
            return ExitCode.Usage;

        (settings, IReadOnlyList<ConfigurationProblem> clashes) = await StartCheck.RunAsync(settings, cancellationToken);
        foreach (ConfigurationProblem problem in clashes)
            Complain(problem.ToString());
        if (clashes.Count > 0)
            return ExitCode.Usage;

        DaemonApplication? daemon = null;
        void EndAtOnce(int exitCode)
        {
            daemon?.Abandon();
            Environment.Exit(exitCode);
        }

        using var signals = new ShutdownSignals(EndAtOnce, cancellationToken);
        try
        {
            daemon = await DaemonApplication.StartAsync(settings, TimeProvider.System, cancellationToken);
            await signals.Asked;
            await daemon.DisposeAsync();
            return ExitCode.Success;
        }
        catch (ListenException failure)
        {
            Complain(failure.Message);
            return ExitCode.Failure;
        }
        catch (Exception failure) when (daemon is null && failure is IOException or UnauthorizedAccessException)
        {
            Complain($"cannot start: {failure.Message}");
            return ExitCode.Failure;
        }
    }

    private static void Complain(string sentence) => Console.Error.WriteLine($"model-runner: {sentence}");
}
