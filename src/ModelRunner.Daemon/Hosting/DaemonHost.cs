using System.Text;
using ModelRunner.Client;
using ModelRunner.Client.Discovery;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Diagnostics;
using ModelRunner.Daemon.Models;
using ModelRunner.Linux.Files;

namespace ModelRunner.Daemon.Hosting;

/// <summary>Runs the daemon, from the user's options to the exit code.</summary>
internal static class DaemonHost
{
    /// <summary>Runs until the daemon is told to end.</summary>
    /// <returns>0 after an orderly end, 1 if it could not listen, 2 if the configuration is wrong.</returns>
    public static async Task<int> RunAsync(DaemonOptions options, CancellationToken cancellationToken)
    {
        CrashReport.Install();
        try
        {
            SettingsOutcome outcome = SettingsResolver.Resolve(options);
            (DaemonSettings settings, IReadOnlyList<ConfigurationProblem> more) = await StartCheck.RunAsync(outcome, cancellationToken);
            ConfigurationProblem[] problems = [.. outcome.Problems, .. more];
            foreach (ConfigurationProblem problem in problems)
                ProcessLog.Say(problem.ToString());
            return problems.Length == 0 ? await RunAsync(settings, outcome.Written, cancellationToken) : ExitCode.Usage;
        }
        finally
        {
            ProcessLog.Flush();
        }
    }

    private static async Task<int> RunAsync(DaemonSettings settings, WrittenOptions written, CancellationToken cancellationToken)
    {
        if (WorkerThreads.Prepare() is { } tooFew)
        {
            ProcessLog.Say($"cannot start: {tooFew}");
            return ExitCode.Failure;
        }

        settings = DemoPort.DropIfTaken(settings);
        DaemonApplication? daemon = null;
        Announcement? announcement = null;
        void EndAtOnce(int exitCode)
        {
            announcement?.Dispose();
            daemon?.Abandon();
            ProcessLog.Flush();
            Environment.Exit(exitCode);
        }

        using var signals = new ShutdownSignals(EndAtOnce, () => daemon?.Reload(), cancellationToken);
        LostSignal.Install(signals.Ask);
        using var starting = new CancellationTokenSource();
        _ = signals.Asked.ContinueWith(_ => starting.Cancel(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        try
        {
            (daemon, settings) = await DemoPort.StartAsync(
                settings, last => DaemonApplication.StartAsync(last, written, TimeProvider.System, starting.Token));
            announcement = Announce(daemon, settings, written.Options);

            // If nobody reads standard output, the write blocks; it must not delay the daemon.
            _ = Task.Run(() => GreetAsync(daemon, settings, written.Options.WorkingDirectory), CancellationToken.None);
            await signals.Asked;
            announcement?.Dispose();
            await daemon.DisposeAsync();
            return ExitCode.Success;
        }
        catch (OperationCanceledException) when (daemon is null && starting.IsCancellationRequested)
        {
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

    private static Announcement? Announce(DaemonApplication daemon, DaemonSettings settings, DaemonOptions options)
    {
        Uri[] addresses = [.. daemon.TcpAddresses.Select(static address => new Uri(Welcome.ForClients(address)))];
        try
        {
            return DaemonRegistry.Of(options).Announce(
                new RunningDaemon(Environment.ProcessId, settings.Listen.SocketPath, addresses, options.WorkingDirectory));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            ProcessLog.Say($"commands in other folders need --host to find this daemon: {failure.Message}");
            return null;
        }
    }

    private static async Task GreetAsync(DaemonApplication daemon, DaemonSettings settings, string workingDirectory)
    {
        try
        {
            string program = Environment.ProcessPath ?? "model-runner";
            IReadOnlyList<ModelEntry> models = await daemon.Models.ListAsync(CancellationToken.None);
            string text = Welcome.Write(
                settings, [.. daemon.TcpAddresses], models, program, workingDirectory, await daemon.FindUnfitModelsAsync());
            using StandardStream output = StandardStream.OpenOutput();
            output.Write(Encoding.UTF8.GetBytes(text));
        }
        catch (IOException)
        {
            // Standard output is closed; the daemon works without it.
        }
    }
}
