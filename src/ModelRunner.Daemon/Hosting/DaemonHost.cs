using System.Text;
using ModelRunner.Client;
using ModelRunner.Client.Discovery;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Diagnostics;
using ModelRunner.Daemon.Models;
using ModelRunner.Linux.Files;

namespace ModelRunner.Daemon.Hosting;

/// <summary>Runs the daemon once, from the user's options to the exit code.</summary>
internal sealed class DaemonHost
{
    /// <summary>How long the daemon may take to end after the second signal. Then the process ends, and its runners with it.</summary>
    private static readonly TimeSpan CutTime = TimeSpan.FromSeconds(2);

    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile DaemonApplication? _daemon;
    private volatile Announcement? _announcement;
    private volatile ServiceNotifier? _notifier;

    // 1: a signal asked for a reload that has not been passed on.
    private int _isReloadAsked;

    private DaemonHost()
    {
    }

    /// <summary>Runs until the daemon is told to end.</summary>
    /// <returns>0 after an orderly end, 1 if it could not listen, 2 if the configuration is wrong.</returns>
    public static async Task<int> RunAsync(DaemonOptions options, CancellationToken cancellationToken)
    {
        CrashReport.Install();
        try
        {
            return await new DaemonHost().RunOnceAsync(options, cancellationToken);
        }
        finally
        {
            ProcessLog.Flush();
        }
    }

    private async Task<int> RunOnceAsync(DaemonOptions options, CancellationToken cancellationToken)
    {
        if (WorkerThreads.Prepare() is { } tooFew)
        {
            ProcessLog.Say($"cannot start: {tooFew}");
            return ExitCode.Failure;
        }

        // Before the configuration is read: the check of the engine may take seconds, and a SIGHUP must not end the process.
        using var signals = new ShutdownSignals(EndDrain, EndAtOnce, Reload, cancellationToken);
        LostSignal.Install(signals.Ask);
        using var starting = new CancellationTokenSource();
        _ = signals.Asked.ContinueWith(_ => starting.Cancel(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        try
        {
            SettingsOutcome outcome = SettingsResolver.Resolve(options);
            (DaemonSettings settings, IReadOnlyList<ConfigurationProblem> more) = await StartCheck.RunAsync(outcome, starting.Token);
            ConfigurationProblem[] problems = [.. outcome.Problems, .. more];
            foreach (ConfigurationProblem problem in problems)
                ProcessLog.Say(problem.ToString());
            return problems.Length == 0 ? await RunAsync(settings, outcome.Written, signals, starting.Token) : ExitCode.Usage;
        }
        catch (OperationCanceledException) when (_daemon is null && starting.IsCancellationRequested)
        {
            return ExitCode.Success;
        }
        catch (ListenException failure)
        {
            ProcessLog.Say(failure.Message);
            return ExitCode.Failure;
        }
        catch (Exception failure) when (_daemon is null && failure is IOException or UnauthorizedAccessException)
        {
            ProcessLog.Say($"cannot start: {failure.Message}");
            return ExitCode.Failure;
        }
        finally
        {
            _ended.SetResult();
        }
    }

    private async Task<int> RunAsync(DaemonSettings settings, WrittenOptions written, ShutdownSignals signals, CancellationToken starting)
    {
        (DaemonApplication daemon, settings) = await DemoPort.StartAsync(
            DemoPort.DropIfTaken(settings), last => DaemonApplication.StartAsync(last, written, TimeProvider.System, starting));
        _daemon = daemon;
        _notifier = ServiceNotifier.Find(Environment.GetEnvironmentVariable, Environment.ProcessId, TimeProvider.System);
        _announcement = Announce(daemon, settings, written.Options);
        daemon.LogStart();
        _notifier?.BeReady(() => daemon.Runners, daemon.RespondAsync);
        PassReload();
        if (settings.Runners.HasLateEngine)
            Reload();
        using ConfigurationWatch watch = daemon.WatchConfiguration(Reload);
        using ProgramWatch programs = daemon.WatchPrograms(Reload);

        // The write blocks if no process reads standard output. That must not delay the daemon.
        _ = Task.Run(() => GreetAsync(daemon, settings, written.Options.WorkingDirectory), CancellationToken.None);
        await signals.Asked;
        _announcement?.Dispose();
        _notifier?.Stop(daemon.StopLimit);
        await daemon.DisposeAsync();
        if (_notifier is not null)
            await _notifier.DisposeAsync();
        return ExitCode.Success;
    }

    // A signal that arrives during the start is passed on after the start. The signal thread and the starting thread may both see the daemon; only
    // one of them passes a signal on.
    private void Reload()
    {
        Interlocked.Exchange(ref _isReloadAsked, 1);
        PassReload();
    }

    private void PassReload()
    {
        if (_daemon is { } daemon && Interlocked.Exchange(ref _isReloadAsked, 0) == 1)
            _ = ReloadAsync(daemon);
    }

    private async Task ReloadAsync(DaemonApplication daemon)
    {
        _notifier?.BeginReload();
        await daemon.ReloadAsync();
        _notifier?.EndReload();
    }

    private void EndDrain()
    {
        _daemon?.EndDrain();
        if (!_ended.Task.Wait(CutTime))
            EndAtOnce(ExitCode.Success);
    }

    private void EndAtOnce(int exitCode)
    {
        _announcement?.Dispose();
        _daemon?.Abandon();
        ProcessLog.Flush();
        Environment.Exit(exitCode);
    }

    private static Announcement? Announce(DaemonApplication daemon, DaemonSettings settings, DaemonOptions options)
    {
        Uri[] addresses = [.. daemon.TcpAddresses.Select(static address => new Uri(Welcome.ForClients(address)))];
        try
        {
            return DaemonRegistry.Of(options).Announce(
                new RunningDaemon(Environment.ProcessId, settings.Listen.SocketPath, addresses, options.WorkingDirectory)
                {
                    AuthorityPath = addresses.Length > 0 ? settings.Listen.Tls?.AuthorityPath : null,
                });
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
